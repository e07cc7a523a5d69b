//! What contracts on a real EVM say, and what that means for a log-in.

use ethers_core::abi::Token;
use hasura_siwe::cli::wallet::SignedText;
use hasura_siwe::model::Address;
use serde_json::json;

use crate::support::evm::{Evm, address, hash, input, message, wrapped};
use crate::support::{TestApp, origin, wallet};

const SALT: [u8; 32] = [7; 32];

async fn app_with(evm: &Evm) -> TestApp {
    TestApp::with(&[("ETH_RPC_URLS", &evm.entry())]).await
}

fn salt() -> Token {
    Token::FixedBytes(SALT.to_vec())
}

#[tokio::test]
async fn a_contract_signs_in_while_its_owner_says_so() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let (alice, bob) = (wallet(), wallet());
    let account = evm.wallet_of(&alice).await;
    let signed = message(account, &alice, 1, app.clock.now());
    let reply = app.log_in_with(&signed).await;
    let claims = reply.assert_ok().claims();
    assert_eq!(
        claims["https://hasura.io/jwt/claims"]["x-hasura-address"],
        account.to_string()
    );
    app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    app.log_in_with(&message(account, &bob, 1, app.clock.now()))
        .await
        .assert_error(401, "signature_invalid");

    let late = message(account, &alice, 1, app.clock.now());
    evm.send(account, "replaceOwner(address)", &[address(bob.address())])
        .await;
    app.log_in_with(&late)
        .await
        .assert_error(401, "signature_invalid");
    let again = app.log_in_with(&message(account, &bob, 1, app.clock.now())).await;
    assert_eq!(
        again.assert_ok().user_id(),
        reply.user_id(),
        "the account is the contract's, whoever owns it"
    );
}

#[tokio::test]
async fn a_signature_of_another_text_is_refused_and_leaves_the_nonce() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let alice = wallet();
    let account = evm.wallet_of(&alice).await;
    let signed = message(account, &alice, 1, app.clock.now());
    let other = message(account, &alice, 1, app.clock.now());
    let swapped = SignedText {
        signature: other.signature,
        ..signed.clone()
    };
    app.log_in_with(&swapped)
        .await
        .assert_error(401, "signature_invalid");
    app.log_in_with(&signed).await.assert_ok();
}

#[tokio::test]
async fn k01_a_precompile_is_nobody_s_wallet() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    for last in [1, 2, 3, 4, 5, 9, 10] {
        let mut bytes = [0; 20];
        bytes[19] = last;
        let precompile = Address::from_bytes(bytes);
        let signed = message(precompile, &wallet(), 1, app.clock.now());
        for signature in [signed.signature.clone(), format!("0x{}", "01".repeat(65))] {
            let signed = SignedText {
                signature,
                ..signed.clone()
            };
            app.log_in_with(&signed)
                .await
                .assert_error(401, "signature_invalid");
            app.log_in_with(&wrapped(&signed, precompile, vec![1]))
                .await
                .assert_error(401, "signature_invalid");
        }
    }
}

#[tokio::test]
async fn k02_a_contract_that_answers_anything_but_the_magic_word_does_not_sign_in() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    for name in [
        "EchoWallet",
        "TrueWallet",
        "ShortWallet",
        "LongWallet",
        "RevertingWallet",
        "BurningWallet",
    ] {
        let account = evm.deploy(name, &[]).await;
        let signed = message(account, &wallet(), 1, app.clock.now());
        let reply = app.log_in_with(&signed).await;
        assert_eq!(reply.json()["code"], "signature_invalid", "{name}: {reply:?}");
    }
}

#[tokio::test]
async fn a_wallet_that_is_not_deployed_yet_signs_in_and_is_the_same_one_afterwards() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let (alice, bob) = (wallet(), wallet());
    let factory = evm.deploy("WalletFactory", &[]).await;
    let arguments = [address(alice.address()), salt()];
    let account = evm
        .address_from(factory, "addressOf(address,bytes32)", &arguments)
        .await;
    let creation = input("deploy(address,bytes32)", &arguments);
    let signs = |owner| message(account, owner, 1, app.clock.now());

    app.log_in_with(&signs(&alice))
        .await
        .assert_error(401, "signature_invalid");
    app.log_in_with(&wrapped(&signs(&bob), factory, creation.clone()))
        .await
        .assert_error(401, "signature_invalid");
    let before = app
        .log_in_with(&wrapped(&signs(&alice), factory, creation.clone()))
        .await;
    before.assert_ok();
    assert_eq!(evm.code_at(account).await, "0x", "a log-in deploys nothing");

    evm.send(factory, "deploy(address,bytes32)", &arguments).await;
    let after = app.log_in_with(&signs(&alice)).await;
    let still_wrapped = app.log_in_with(&wrapped(&signs(&alice), factory, creation)).await;
    for reply in [after, still_wrapped] {
        assert_eq!(reply.assert_ok().user_id(), before.user_id());
    }
}

#[tokio::test]
async fn k06_a_wrapper_that_lies_about_itself_is_refused() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let alice = wallet();
    let factory = evm.deploy("WalletFactory", &[]).await;
    let burning = evm.deploy("BurningWallet", &[]).await;
    let arguments = [address(alice.address()), salt()];
    let creation = input("deploy(address,bytes32)", &arguments);
    let account = evm
        .address_from(factory, "addressOf(address,bytes32)", &arguments)
        .await;
    let signed = message(account, &alice, 1, app.clock.now());
    let magic = "6492".repeat(16);
    let far = "ff".repeat(32);
    let bodies = [
        String::new(),
        "00".repeat(31),
        far.repeat(3),
        format!("{}{far}{far}", "00".repeat(32)),
        format!("{}{}{}{far}", "00".repeat(32), "00".repeat(31) + "60", far),
        // An owner's own signature, passed off as a wrapper.
        signed.signature[2..].to_owned(),
    ];
    let with = |signature| SignedText {
        signature,
        ..signed.clone()
    };
    for body in bodies {
        app.log_in_with(&with(format!("0x{body}{magic}")))
            .await
            .assert_error(401, "signature_invalid");
    }
    for (factory, creation) in [
        (burning, vec![1]),
        (account, creation.clone()),
        (factory, Vec::new()),
        (
            factory,
            input(
                "deploy(address,bytes32)",
                &[address(alice.address()), Token::FixedBytes(vec![8; 32])],
            ),
        ),
    ] {
        app.log_in_with(&wrapped(&signed, factory, creation))
            .await
            .assert_error(401, "signature_invalid");
    }
    app.log_in_with(&wrapped(&signed, factory, creation))
        .await
        .assert_ok();
}

#[tokio::test]
async fn k06_a_wrapper_never_speaks_for_a_key() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let (alice, mallory) = (wallet(), wallet());
    let factory = evm.deploy("WalletFactory", &[]).await;
    let creation = input("deploy(address,bytes32)", &[address(mallory.address()), salt()]);
    let forged = message(alice.address(), &mallory, 1, app.clock.now());
    app.log_in_with(&wrapped(&forged, factory, creation.clone()))
        .await
        .assert_error(401, "signature_invalid");
    // Not even with the key's own signature inside: ERC-6492 forbids to look for it.
    let own = app.message(&alice);
    app.log_in_with(&wrapped(&own, factory, creation))
        .await
        .assert_error(401, "signature_invalid");
    app.log_in_with(&own).await.assert_ok();
}

#[tokio::test]
async fn k07_without_a_node_a_wrapper_is_unsupported_and_a_contract_s_signature_invalid() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let alice = wallet();
    let own = alice.log_in(&origin(), 137, &crate::support::nonce(), app.clock.now());
    app.log_in_with(&wrapped(&own, alice.address(), Vec::new()))
        .await
        .assert_error(401, "contract_wallet_unsupported");
    let account = evm.wallet_of(&alice).await;
    app.log_in_with(&message(account, &alice, 137, app.clock.now()))
        .await
        .assert_error(401, "signature_invalid");
    app.log_in_with(&own).await.assert_ok();
}

#[tokio::test]
async fn k08_an_empty_signature_is_the_contract_s_to_judge() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let alice = wallet();
    let account = evm.wallet_of(&alice).await;
    let empty = |account| SignedText {
        signature: "0x".to_owned(),
        ..message(account, &alice, 1, app.clock.now())
    };
    let signed = empty(account);
    app.log_in_with(&signed)
        .await
        .assert_error(401, "signature_invalid");
    evm.send(account, "approve(bytes32)", &[hash(&signed.message)])
        .await;
    app.log_in_with(&signed).await.assert_ok();
    app.log_in_with(&empty(alice.address()))
        .await
        .assert_error(401, "signature_invalid");
}

#[tokio::test]
async fn k09_one_address_on_two_chains_is_two_accounts() {
    let (ethereum, polygon) = tokio::join!(Evm::start(1), Evm::start(137));
    let urls = format!("{},{}", ethereum.entry(), polygon.entry());
    let app = TestApp::with(&[("ETH_RPC_URLS", &urls)]).await;
    let (alice, bob) = (wallet(), wallet());
    let account = ethereum.wallet_of(&alice).await;
    assert_eq!(polygon.wallet_of(&bob).await, account);
    let now = app.clock.now();
    let alices = app.log_in_with(&message(account, &alice, 1, now)).await;
    let bobs = app.log_in_with(&message(account, &bob, 137, now)).await;
    assert_ne!(alices.assert_ok().user_id(), bobs.assert_ok().user_id());
    for (owner, chain) in [(&bob, 1), (&alice, 137)] {
        app.log_in_with(&message(account, owner, chain, now))
            .await
            .assert_error(401, "signature_invalid");
    }
    let again = app.log_in_with(&message(account, &alice, 1, now)).await;
    assert_eq!(again.assert_ok().user_id(), alices.user_id());

    // Each names its own account and not the other's.
    for (reply, network) in [(&alices, "ethereum"), (&bobs, "polygon")] {
        let session = json!({
            "x-hasura-role": "user",
            "x-hasura-user-id": reply.user_id(),
            "x-hasura-session-id": reply.claims()["https://hasura.io/jwt/claims"]["x-hasura-session-id"],
        });
        let renamed = app
            .update(session, &["ethereum", "polygon"], network, &account.to_string())
            .await;
        assert_eq!(renamed.assert_ok().res()["updatedIn"], json!([network]));
    }
}

#[tokio::test]
async fn an_account_with_code_and_a_key_is_its_key_first() {
    let evm = Evm::start(1).await;
    let app = app_with(&evm).await;
    let alice = wallet();
    let before = app.log_in_with(&app.message(&alice)).await;
    let echo = evm.deploy("EchoWallet", &[]).await;
    let delegation = format!("0xef0100{}", hex::encode(echo.as_bytes()));
    evm.set_code(alice.address(), &delegation).await;
    let after = app.log_in_with(&app.message(&alice)).await;
    assert_eq!(after.assert_ok().user_id(), before.assert_ok().user_id());
    app.log_in_with(&message(alice.address(), &wallet(), 1, app.clock.now()))
        .await
        .assert_error(401, "signature_invalid");
    // What the code itself accepts is another account: it may be replaced, and the key may not.
    let carol = wallet();
    let code = evm.code_at(evm.wallet_of(&carol).await).await;
    evm.set_code(alice.address(), &code).await;
    evm.send(
        alice.address(),
        "replaceOwner(address)",
        &[address(carol.address())],
    )
    .await;
    let by_code = app
        .log_in_with(&message(alice.address(), &carol, 1, app.clock.now()))
        .await;
    assert_ne!(by_code.assert_ok().user_id(), before.user_id());
}
