//! Values as flytekit writes them, through `typed_echo` and back: the same bytes, and flytekit reads them.

use conformance_tests::Running;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn typed_values_come_back_as_flytekit_wrote_them() {
    let Some(venv) = flyte1_tests::flytekit(crate::target(), "values of flytekit") else { return };
    let server = Running::start().await;
    let address = server.grpc.to_string();
    let seen = tokio::task::spawn_blocking(move || {
        flyte1_tests::transcript(&venv, "typed_values.py", &[&address])
    });
    let seen = seen.await.unwrap();
    let state = seen.only("state").unwrap();
    assert_eq!(state["phase"], json!(3), "{state}");
    let values = &seen.steps()[1..];
    assert_eq!(values.len(), 15);
    for value in values {
        assert_eq!(value["got"], value["sent"], "{value}");
        assert!(value["case"] == "df" || value["read"] == json!(true), "{value}");
    }
    server.stop().await;
}
