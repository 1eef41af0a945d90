//! Calls against a vendor on loopback that answers by script, and what becomes of each answer.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly, and so may what they share")]

mod beside;
mod vendor;

use std::time::Duration;

use connector_core::{ConnectorError, ErrorKind, Policy, Registry, Secret};
use connector_http::{HttpClient, Request, Submission, Tried, Url};
use vendor::{Vendor, cut, ok, refused};

const TOKEN: &str = "tok-0123456789";

fn client() -> HttpClient {
    HttpClient::builder("Acme").attempt_timeout(Duration::from_secs(5)).build().unwrap()
}

fn url(vendor: &Vendor, path: &str) -> Url {
    Url::parse(&format!("http://{}{path}", vendor.address)).unwrap()
}

/// A post with a body and a credential.
fn post(client: &HttpClient, vendor: &Vendor) -> Request {
    let request = client.post(url(vendor, "/jobs")).json(&["a"]).unwrap();
    request.authorization("Bearer", &Secret::new(TOKEN)).unwrap()
}

#[tokio::test]
async fn a_call_arrives_whole_and_its_answer_is_read() {
    let vendor = Vendor::that_says([ok(r#"{"id": 7}"#)]);
    let answer = post(&client(), &vendor).send().await.unwrap();
    let read: serde_json::Value = answer.json().unwrap();
    assert_eq!(read["id"], 7);
    let [asked] = vendor.asked().try_into().unwrap();
    assert!(asked.starts_with("POST /jobs HTTP/1.1"), "{asked}");
    assert!(asked.contains(&format!("authorization: Bearer {TOKEN}")), "{asked}");
    assert!(asked.contains("content-type: application/json") && asked.ends_with(r#"["a"]"#));
}

#[tokio::test]
async fn what_is_safe_to_repeat_is_repeated() {
    let busy = || refused(503, "retry-after: 0\r\n", "");
    let vendor = Vendor::that_says([busy(), cut(), busy(), ok("{}")]);
    let answer = client().get(url(&vendor, "/")).attempts(4).send().await;
    assert!(answer.is_ok(), "{answer:?}");
    // So is a post that carries a key, and nothing more often than it was asked.
    let vendor = Vendor::that_says([busy(), busy(), ok("{}")]);
    let error = post(&client(), &vendor).repeatable().attempts(2).send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }));
    assert_eq!(vendor.asked().len(), 2);
}

#[tokio::test]
async fn what_may_have_arrived_is_not_sent_again() {
    for end in [refused(503, "", ""), cut()] {
        let vendor = Vendor::that_says([end, ok("{}")]);
        let error = post(&client(), &vendor).attempts(5).send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
        assert_eq!(vendor.asked().len(), 1);
    }
    // What was turned away has done nothing.
    let vendor = Vendor::that_says([refused(429, "retry-after: 0\r\n", ""), ok("{}")]);
    post(&client(), &vendor).attempts(2).send().await.unwrap();
    assert_eq!(vendor.asked().len(), 2);
}

/// A create with a key, until it is known what has become of it.
async fn submitted(vendor: &Vendor) -> connector_core::Result<serde_json::Value> {
    let (client, submission) = (client(), Submission::new());
    let once =
        |_tried| async { post(&client, vendor).submitting(&submission).send().await?.json() };
    submission.settle(once).await
}

#[tokio::test]
async fn what_may_have_arrived_is_asked_about_until_it_is_known() {
    let busy = || refused(503, "retry-after: 0\r\n", "");
    let page = || ok("<html>Sign in</html>");
    // The last of them is a success that nobody can read.
    let refused_so = |status| refused(status, "", "");
    for lost in [cut(), page(), refused_so(502), refused_so(524), ok("{\"id\": ")] {
        let answers = std::iter::once(lost).chain((0..8).map(|_| busy())).chain([ok("{}")]);
        let vendor = Vendor::that_says(answers);
        submitted(&vendor).await.unwrap();
        assert_eq!(vendor.asked().len(), 10);
    }
    // What was turned away is in no doubt.
    let vendor = Vendor::that_says((0..5).map(|_| busy()).chain([ok("{}")]));
    let error = submitted(&vendor).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    assert_eq!(vendor.asked().len(), 5);
    // And what was refused is refused.
    let vendor = Vendor::that_says([cut(), refused(400, "", "no"), ok("{}")]);
    assert_eq!(submitted(&vendor).await.unwrap_err().kind(), ErrorKind::Permanent);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_ends_before_the_server_stops_the_create() {
    let submission = Submission::new();
    let (began, mut tries) = (tokio::time::Instant::now(), Vec::new());
    let once = |tried: Tried| {
        tries.push(tried.times);
        submission.may_be_there();
        async { Err::<(), _>(ConnectorError::transient("out")) }
    };
    submission.settle(once).await.unwrap_err();
    let (took, limit) = (began.elapsed(), Policy::new().create_limit);
    assert!(took > limit * 4 / 5 && took < limit * 19 / 20, "{took:?}");
    let counted = u32::try_from(tries.len()).unwrap();
    assert!(counted > 50 && tries.into_iter().eq(0..counted));
}

#[tokio::test]
async fn a_page_is_no_answer_whatever_its_status() {
    let vendor = Vendor::that_says([ok("<!DOCTYPE html><html>Sign in</html>")]);
    let error = post(&client(), &vendor).send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    assert!(error.message().starts_with("an HTML page came instead of Acme's answer"), "{error}");
}

#[tokio::test]
async fn a_wait_beyond_the_end_is_not_waited_for() {
    let vendor = Vendor::that_says([refused(429, "retry-after: 60\r\n", ""), ok("{}")]);
    let request = client().get(url(&vendor, "/")).attempts(5);
    let error = request.for_at_most(Duration::from_secs(10)).send().await.unwrap_err();
    let asked = Some(Duration::from_secs(60));
    assert_eq!(error.kind(), ErrorKind::Transient { retry_after: asked });
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_takes_no_credential_along() {
    let other = Vendor::that_says([ok("{}")]);
    let location = format!("location: http://{}/\r\n", other.address);
    let vendor = Vendor::that_says([refused(302, &location, "")]);
    let error = post(&client(), &vendor).send().await.unwrap_err();
    assert!(error.message().contains("a redirect, which is not followed"), "{error}");
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn a_bound_credential_is_refused_before_there_is_a_connection() {
    let variables = [
        ("CONNECTOR__ECHO__SECRET__KEY", TOKEN),
        ("CONNECTOR__ECHO__SECRET_HOSTS", "api.acme.example"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let registry = Registry::builder().register(vendor::Echo).variables(variables);
    let registry = registry.build().await.unwrap();
    let secret = vendor::operators_secret(&registry, "key");
    let vendor = Vendor::that_says([ok("{}")]);
    let request = client().get(url(&vendor, "/"));
    let error = request.authorization("Bearer", &secret).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(!error.message().contains(TOKEN), "{error}");
    assert_eq!(vendor.asked().len(), 0);
    // The operator's endpoint takes the place of the host that it is bound to.
    let request = client().get(url(&vendor, "/"));
    let request = request.authorization_for("api.acme.example", "Bearer", &secret).unwrap();
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_credential_that_is_quoted_back_is_hidden() {
    let quoting = format!("{{\"error\": \"the token {TOKEN} is no good\", \"{TOKEN}\": 1}}");
    let vendor = Vendor::that_says([ok(&quoting), refused(400, "", &quoting)]);
    let answer = post(&client(), &vendor).send().await.unwrap();
    assert!(!String::from_utf8_lossy(answer.body()).contains(TOKEN));
    let error = post(&client(), &vendor).send().await.unwrap_err();
    assert!(error.message().contains("the token *** is no good"), "{error}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let nobody = Url::parse(&format!("http://{closed}/")).unwrap();
    let error = client().get(nobody).send().await.unwrap_err();
    assert!(error.message().contains("cannot be reached: "), "{error}");
    assert!(error.message().contains("refused"), "{error}");

    let quick = HttpClient::builder("Acme").attempt_timeout(Duration::from_millis(50));
    let silent = Vendor::that_is_silent();
    let error = quick.build().unwrap().get(url(&silent, "/")).send().await.unwrap_err();
    assert!(error.message().contains("did not answer within 50ms"), "{error}");

    let small = HttpClient::builder("Acme").max_answer_bytes(10).build().unwrap();
    let vendor = Vendor::that_says([ok("0123456789x")]);
    let error = small.get(url(&vendor, "/")).send().await.unwrap_err();
    assert!(error.message().contains("larger than the 10 bytes"), "{error}");

    let vendor = Vendor::that_says([ok(r#"{"id": 7"#)]);
    let answer = client().get(url(&vendor, "/")).send().await.unwrap();
    let error = answer.json::<serde_json::Value>().unwrap_err();
    assert!(error.message().contains("Acme's answer cannot be read"), "{error}");
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }));
}

#[tokio::test]
async fn no_name_leads_to_a_shunned_address() {
    let vendor = Vendor::that_says([ok("{}"), ok("{}")]);
    let url = || Url::parse(&format!("http://localhost:{}/", vendor.address.port())).unwrap();
    let shunning = HttpClient::builder("Acme").shunning(|address| address.is_loopback());
    let error = shunning.build().unwrap().get(url()).attempts(3).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("its name leads to "), "{error}");
    assert!(vendor.asked().is_empty());
    let others = HttpClient::builder("Acme").shunning(|address| !address.is_loopback());
    others.build().unwrap().get(url()).send().await.unwrap();
}

#[tokio::test]
async fn whoever_judges_answers_gets_all_of_them() {
    let page = "<html>tok-0123456789</html>";
    let vendor = Vendor::that_says([refused(503, "", "no"), ok(page)]);
    let call = || client().get(url(&vendor, "/")).hiding(TOKEN).any_status();
    let answer = call().send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (503, &b"no"[..]));
    assert_eq!(call().send().await.unwrap().body(), "<html>***</html>");
}
