//! Every method, over HTTP and over a WebSocket.

use cairn_batcher::{
    api::{
        hex::{Amount, Decimal, Hash, Hex},
        methods,
        receipt::{Contradiction, ReceiptDomain},
        wire::{self, FeeKind, Stage},
    },
    client::{Client, ClientError, ProofError, check_proof},
    store::records::BlockOperation,
};
use cairn_types::Withdrawal;

use super::world::{
    ALICE, BOB, CHAIN_ID, DROPPED, OPEN, ROLLUP, SECOND_WITHDRAWAL, START_MS, TOKEN, TRANSFER,
    WAITING, WITHDRAWAL, World, public,
};

async fn both(world: &World) -> [Client; 2] {
    [world.http().await, world.websocket().await]
}

fn reason<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    answer.unwrap_err().reason().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_transaction_has_all_stages_with_their_times() {
    let world = World::start().await;
    for client in both(&world).await {
        let view = client.transaction(world.hashes[TRANSFER]).await.unwrap().unwrap();
        assert_eq!((view.from, view.to, view.nonce), (ALICE, Some(BOB), 0));
        assert_eq!(
            (view.kind, view.amount, view.fee),
            (FeeKind::Transfer, Decimal(1_000), Decimal(1))
        );
        let life = view.life;
        assert_eq!(life.stage, Stage::Proven);
        assert_eq!(life.accepted_ms, START_MS);
        let in_block = life.in_block.unwrap();
        assert_eq!((in_block.block, in_block.position, in_block.batch), (2, 0, 1));
        assert_eq!(in_block.at_ms, START_MS + 200);
        assert_eq!(life.batched_ms, Some(START_MS + 250));
        assert_eq!(life.committed.unwrap().at_ms, START_MS + 10_000);
        assert_eq!(life.proven.unwrap().transaction, Hex([20; 32]));
        assert!(!life.finalized);

        let stages =
            [(OPEN, Stage::InBlock), (WAITING, Stage::Accepted), (DROPPED, Stage::Dropped)];
        for (index, expected) in stages {
            let view = client.transaction(world.hashes[index]).await.unwrap().unwrap();
            assert_eq!(view.life.stage, expected);
        }
        let view = client.transaction(world.hashes[DROPPED]).await.unwrap().unwrap();
        assert_eq!(view.life.dropped.unwrap().reason, "refused");
        assert_eq!(client.transaction(Hex([1; 32])).await.unwrap(), None);

        let hashes = vec![world.hashes[OPEN], Hex([1; 32])];
        let lives = client.ask::<methods::Transactions>(&wire::TransactionHashes { hashes }).await;
        let stages: Vec<_> =
            lives.unwrap().iter().map(|life| life.as_ref().map(|l| l.stage)).collect();
        assert_eq!(stages, [Some(Stage::InBlock), None]);
    }
}

#[tokio::test]
async fn the_last_stage_is_finalized() {
    let world = World::start().await;
    let mut view = world.store.l1_view.get(&()).unwrap().unwrap();
    let client = world.http().await;
    let since = START_MS + 50_000;
    let mut write = world.store.write();
    write.put(&world.store.final_since, &1, &since).unwrap();
    write.commit().unwrap();
    // It was so once, and L1 went back.
    let seen = client.transaction(world.hashes[TRANSFER]).await.unwrap().unwrap();
    assert_eq!((seen.life.finalized, seen.life.finalized_ms), (false, None));
    view.finalized = 1;
    let mut write = world.store.write();
    write.put(&world.store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
    let seen = client.transaction(world.hashes[TRANSFER]).await.unwrap().unwrap();
    assert_eq!((seen.life.stage, seen.life.finalized), (Stage::Finalized, true));
    assert_eq!(seen.life.finalized_ms, Some(since));
    let batch = client.ask::<methods::Batch>(&wire::ByBatch { number: 1 }).await.unwrap();
    assert_eq!((batch.finalized, batch.finalized_ms), (true, Some(since)));
}

#[tokio::test]
async fn accounts_by_id_range_and_key() {
    let world = World::start().await;
    for client in both(&world).await {
        let alice = client.account(ALICE).await.unwrap().unwrap();
        assert_eq!((alice.nonce, alice.next_nonce, alice.token), (3, 4, 0));
        let balance: Amount = Decimal((1 << 60) - 1_000 - 77 - 5 - 3);
        assert_eq!(alice.balance, balance);
        assert_eq!(alice.key, public("alice").into());
        assert_eq!(client.account(12_345).await.unwrap(), None);

        let range = wire::AccountRange { from: 0, count: 10 };
        let accounts = client.ask::<methods::Accounts>(&range).await.unwrap();
        assert_eq!(accounts.iter().map(|account| account.id).collect::<Vec<_>>(), [0, ALICE, BOB]);
        let owned = client.accounts_of(public("alice")).await.unwrap();
        assert_eq!(owned, [alice], "a row of the table is no account");

        let nonce = client.ask::<methods::Nonce>(&wire::ById { id: ALICE }).await.unwrap();
        assert_eq!((nonce.next, nonce.executed), (4, 3));
        let nonce = client.ask::<methods::Nonce>(&wire::ById { id: BOB }).await.unwrap();
        assert_eq!((nonce.next, nonce.executed), (1, 1));
        assert_eq!(reason(client.ask::<methods::Nonce>(&wire::ById { id: 7 }).await), "unknown");

        let fee = wire::EstimateFee { token: 0, kind: FeeKind::TransferToNew };
        assert_eq!(client.ask::<methods::EstimateFee>(&fee).await.unwrap().fee, Decimal(30));
        let fee = wire::EstimateFee { token: 9, kind: FeeKind::Transfer };
        assert_eq!(reason(client.ask::<methods::EstimateFee>(&fee).await), "unknown");
    }
}

#[tokio::test]
async fn a_proof_holds_against_the_proven_state_and_no_other() {
    let world = World::start().await;
    for client in both(&world).await {
        for id in [ALICE, BOB, 555] {
            let proof = client.ask::<methods::Proof>(&wire::ById { id }).await.unwrap();
            assert_eq!(proof.batch, 1);
            let account = check_proof(&proof, id, world.proven).unwrap();
            assert_eq!(account.is_empty(), id == 555);
            check_proof(&proof, id, Hex([1; 32])).unwrap_err();
            let richer = wire::ProofView { balance: Decimal(u64::MAX >> 1), ..proof.clone() };
            check_proof(&richer, id, world.proven).unwrap_err();
            let shorter =
                wire::ProofView { siblings: proof.siblings[1..].to_vec(), ..proof.clone() };
            check_proof(&shorter, id, world.proven).unwrap_err();
            // A proof that holds, but of somebody else.
            let other = check_proof(&proof, id + 7, world.proven).unwrap_err();
            assert!(matches!(other, ProofError::Account { .. }), "{other}");
        }
    }
}

#[tokio::test]
async fn blocks_and_batches() {
    let world = World::start().await;
    for client in both(&world).await {
        let block = client.ask::<methods::Block>(&wire::ByBlock { number: 2 }).await.unwrap();
        let expected: Vec<_> =
            world.hashes[..3].iter().map(|&hash| wire::BlockEntry::Transaction(hash)).collect();
        assert_eq!((block.batch, block.operation_count, &block.operations), (1, 3, &expected));
        let first = client.ask::<methods::Block>(&wire::ByBlock { number: 1 }).await.unwrap();
        assert_eq!(first.operations[2], wire::BlockEntry::Priority(2));
        let past = client.ask::<methods::Block>(&wire::ByBlock { number: 9 }).await;
        assert_eq!(reason(past), "unknown");

        let batch = client.ask::<methods::Batch>(&wire::ByBatch { number: 1 }).await.unwrap();
        assert_eq!((batch.first_block, batch.last_block, &*batch.reason), (1, 2, "age"));
        assert_eq!(batch.state_after, world.proven);
        assert_eq!(batch.l1.unwrap().proven.unwrap().block, 20);
        let open = client.ask::<methods::Batch>(&wire::ByBatch { number: 2 }).await;
        assert_eq!(reason(open), "unknown");

        let head = client.head().await.unwrap();
        assert_eq!(
            (head.block, head.batch, head.sealed, head.proven, head.finalized),
            (3, 2, 1, 1, 0)
        );
        let lag = client.ask::<methods::Lag>(&wire::Nothing {}).await.unwrap();
        let behind: Vec<_> = lag.stages.iter().map(|stage| (&*stage.stage, stage.behind)).collect();
        let expected = [
            ("mempool", 1),
            ("priority", 1),
            ("sealing", 1),
            ("publishing", 1),
            ("proving", 0),
            ("committing", 0),
            ("settling", 0),
            ("finalizing", 1),
        ];
        assert_eq!(behind, expected);
        assert!(lag.stages[0].oldest_ms.is_some() && lag.stages[4].oldest_ms.is_none());
        let info = client.info().await.unwrap();
        assert_eq!((info.chain_id, info.receipt_signer), (CHAIN_ID, world.signer.into()));
        assert_eq!(info.data_modes, ["calldata", "blobs"]);
    }
}

#[tokio::test]
async fn a_withdrawal_is_found_by_its_transaction_and_by_its_place() {
    let world = World::start().await;
    for client in both(&world).await {
        let of = |index: usize| wire::ByHash { hash: world.hashes[index] };
        let first = client.ask::<methods::Withdrawal>(&of(WITHDRAWAL)).await.unwrap();
        let second = client.ask::<methods::Withdrawal>(&of(SECOND_WITHDRAWAL)).await.unwrap();
        // Equal words: only their places tell them apart.
        assert_eq!((first.index, second.index), (0, 1));
        assert_eq!((first.batch, first.amount, first.claimable), (1, Decimal(77), true));
        assert_eq!((first.word, first.path.len()), (second.word, 1));
        let at = wire::WithdrawalAt { batch: 1, index: 1 };
        assert_eq!(client.ask::<methods::WithdrawalAt>(&at).await.unwrap(), second);
        let past = wire::WithdrawalAt { batch: 1, index: 2 };
        assert_eq!(reason(client.ask::<methods::WithdrawalAt>(&past).await), "unknown");
        assert_eq!(reason(client.ask::<methods::Withdrawal>(&of(TRANSFER)).await), "unknown");
    }
}

/// A long batch is not gone through for a withdrawal that no other is the same as, and not far for one that has twins.
#[tokio::test]
async fn a_withdrawal_in_a_long_batch_costs_little() {
    let world = World::start().await;
    let store = &world.store;
    let mut block = store.blocks.get(&2).unwrap().unwrap();
    block.operations.extend(std::iter::repeat_n(BlockOperation::Transaction(0), 600));
    let mut write = store.write();
    write.put(&store.blocks, &2, &block).unwrap();
    write.commit().unwrap();
    let client = world.http().await;
    let of = wire::ByHash { hash: world.hashes[WITHDRAWAL] };
    let twin = client.call::<methods::Withdrawal>(&of).await.unwrap_err();
    let expected =
        "see cairn_withdrawalAt, 2 withdrawals of batch 1 are the same in all, the first [0, 1]";
    assert!(twin.to_string().contains(expected), "{twin}");
    let mut words = store.withdrawals.get(&1).unwrap().unwrap();
    words.extend(vec![words[0]; 500]);
    let mut write = store.write();
    write.put(&store.withdrawals, &1, &words).unwrap();
    write.commit().unwrap();
    let twin = client.call::<methods::Withdrawal>(&of).await.unwrap_err().to_string();
    assert!(twin.contains("see cairn_withdrawalAt") && twin.contains("8, 9]"), "{twin}");

    let other = Withdrawal { token: 0, recipient: [9; 20], amount: 78 }.word().unwrap();
    let mut words = store.withdrawals.get(&1).unwrap().unwrap();
    words.truncate(2);
    words[0] = other;
    let mut write = store.write();
    write.put(&store.withdrawals, &1, &words).unwrap();
    write.commit().unwrap();
    let alone = client.call::<methods::Withdrawal>(&of).await.unwrap();
    assert_eq!((alone.index, alone.amount), (1, Decimal(77)));
}

#[tokio::test]
async fn receipts_are_signed_and_hold_against_the_blocks() {
    let world = World::start().await;
    let domain = ReceiptDomain { chain_id: CHAIN_ID, rollup: ROLLUP };
    for client in both(&world).await {
        let receipt = client.receipt(world.hashes[OPEN], &domain, world.signer).await.unwrap();
        assert_eq!((receipt.batch, receipt.block, receipt.position), (2, 3, 0));
        let block = client.ask::<methods::Block>(&wire::ByBlock { number: 3 }).await.unwrap();
        assert_eq!(receipt.contradicts(&block), None);
        let header = wire::BlockView { operations: Vec::new(), ..block.clone() };
        assert_eq!(receipt.contradicts(&header), None, "as a subscription sends it");
        let other = vec![wire::BlockEntry::Transaction(world.hashes[TRANSFER])];
        let other = wire::BlockView { operations: other, ..block.clone() };
        assert_eq!(receipt.contradicts(&other), Some(Contradiction::Transaction));
        let other = wire::BlockView { state: Hash::from(world.proven), ..block };
        assert_eq!(receipt.contradicts(&other), Some(Contradiction::State));
        let again = client.receipt(world.hashes[OPEN], &domain, world.signer).await.unwrap();
        assert_eq!(receipt, again);
        let wrong = ReceiptDomain { chain_id: 1, rollup: ROLLUP };
        client.receipt(world.hashes[OPEN], &wrong, world.signer).await.unwrap_err();
        let ask = |index: usize| wire::ByHash { hash: world.hashes[index] };
        assert_eq!(reason(client.call::<methods::Receipt>(&ask(WAITING)).await), "not_yet");
        assert_eq!(reason(client.call::<methods::Receipt>(&ask(DROPPED)).await), "unknown");
    }
}

#[tokio::test]
async fn the_operators_tools_need_the_token() {
    let world = World::start().await;
    for url in [format!("http://{}", world.url), format!("ws://{}", world.url)] {
        let stranger = Client::connect_as_operator(&url, "a guess").await.unwrap();
        let refused = stranger.call::<methods::AdminPause>(&wire::Nothing {}).await;
        assert_eq!(reason(refused), "unauthorized");
        let operator = Client::connect_as_operator(&url, TOKEN).await.unwrap();
        operator.call::<methods::AdminPause>(&wire::Nothing {}).await.unwrap();
        operator.call::<methods::AdminResume>(&wire::Nothing {}).await.unwrap();
        operator.call::<methods::AdminRequeue>(&wire::ByBatch { number: 5 }).await.unwrap();
        operator.call::<methods::AdminDrain>(&wire::Nothing {}).await.unwrap();
        let failed = operator.call::<methods::AdminSeal>(&wire::Nothing {}).await.unwrap_err();
        assert!(failed.to_string().contains("nothing to seal"), "{failed}");
        let asked = std::mem::take(&mut *world.admin.0.lock().unwrap());
        assert_eq!(asked, ["pause", "resume", "requeue 5", "drain"]);
    }
}
