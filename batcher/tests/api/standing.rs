//! What the sequencer is doing, as operators hear of it.

use cairn_batcher::sequencer::Standing;

use super::world::World;

#[tokio::test]
async fn the_head_and_readiness_tell_how_the_sequencer_stands() {
    let world = World::start().await;
    let client = world.http().await;
    let cases = [
        (Standing::Running, "running", ""),
        (Standing::Paused, "paused", "the sequencer is paused\n"),
        (Standing::Draining, "draining", "the sequencer is draining: it takes nothing\n"),
        (Standing::Drained, "drained", "the sequencer is drained: it takes nothing\n"),
    ];
    for (standing, word, fault) in cases {
        *world.standing.lock().unwrap() = standing;
        let head = client.head().await.unwrap();
        assert_eq!((&*head.standing, head.l1_paused, head.halted), (word, false, None));
        let expected =
            if fault.is_empty() { (200, "ready\n".into()) } else { (503, fault.to_owned()) };
        assert_eq!(world.get("/ready").await, expected);
    }
    // Why it halts is known before it says so.
    *world.halted.lock().unwrap() = Some("a fault".into());
    assert_eq!(client.head().await.unwrap().standing, "halted");
}

#[tokio::test]
async fn contracts_that_are_paused_are_told() {
    let world = World::start().await;
    let mut view = world.store.l1_view.get(&()).unwrap().unwrap();
    view.paused = true;
    let mut write = world.store.write();
    write.put(&world.store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
    let head = world.http().await.head().await.unwrap();
    assert_eq!((&*head.standing, head.l1_paused), ("running", true));
    let (status, body) = world.get("/ready").await;
    assert_eq!((status, &*body), (503, "the contracts on L1 are paused\n"));
}
