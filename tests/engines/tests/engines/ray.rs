//! Ray, in every CI.

use connector_http::Method;
use engine_tests::left::marked;
use engine_tests::ray::Ray;

#[tokio::test]
async fn the_engine_starts_and_ends() {
    let Some(ray) = Ray::own("Ray of the smoke test").await else { return };
    let (status, version) = ray.asked(Method::GET, "/api/version", None).await.unwrap();
    assert_eq!((status, &version["ray_version"]), (200, &"2.60.0".into()));
    ray.kill();
    assert_eq!(marked(&ray.folder().display().to_string()), Vec::<String>::new());
}
