//! From socket to socket, once.

use crate::harness::{TestGateway, Upstream};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_goes_nowhere() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .rules("organisation/empty.yaml", "layer: organisation\ntitle: Nothing\n")
        .upstream(upstream.address)
        .start()
        .await;
    let answer = gateway
        .post(
            "/",
            "origin=PK, purpose=cloud_sync",
            "application/octet-stream",
            &b"\x8f\x13\xd1"[..],
        )
        .await;
    assert_eq!(answer.status, 415, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(upstream.received().is_empty());
    let records = gateway.records(1).await;
    assert_eq!(records[0]["effect"], "block");
}
