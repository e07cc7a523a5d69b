//! What strangers send, ten thousand ways: nothing of it stops us, takes long, or is answered as a fault of ours.
//!
//! Each target is one reader with its properties. `cargo test` tries what was found before and a fixed number of
//! new inputs; `make fuzz` goes on for FUZZ_SECONDS. CONTRIBUTING.md says what to do with a found input.

mod bodies;
mod draw;
mod driver;
mod graphql;
mod json;
mod messages;
mod metadata;
mod mutate;
mod names;
mod second_reader;
mod settings;
mod signatures;
mod tokens;

use std::time::Duration;

use driver::Target;

use crate::repository::root;

/// Each target with the property that it holds, as a test of that name.
macro_rules! targets {
    ($($property:ident is $target:path,)*) => {
        const TARGETS: &[fn() -> Target] = &[$($target),*];

        $(#[test]
        fn $property() {
            driver::short($target());
        })*
    };
}

targets! {
    a_message_is_read_to_its_last_byte_or_refused is messages::target,
    both_readers_of_messages_agree_but_for_what_is_documented is second_reader::target,
    no_signature_but_the_signers_own_is_accepted is signatures::target,
    no_token_is_good_that_we_did_not_sign is tokens::target,
    a_name_in_its_one_form_stays_in_it is names::target,
    settings_are_read_or_refused_in_sentences is settings::target,
    metadata_is_read_or_refused_by_file is metadata::target,
    f13_no_action_call_is_answered_as_a_fault_of_ours is bodies::actions,
    no_call_of_the_hook_lets_anybody_in is bodies::hook,
    no_call_past_hasura_is_answered_as_a_fault_of_ours is bodies::sapi,
    no_graphql_request_reaches_the_database_broken is graphql::target,
}

/// What one process may take while it reads nothing but such inputs, in MiB.
const MEMORY: u64 = 2048;

#[test]
#[ignore = "long: `make fuzz` runs it for FUZZ_SECONDS"]
fn every_target_for_as_long_as_asked() {
    #[expect(clippy::disallowed_methods, reason = "the tests' own switch for a long run")]
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = variable("FUZZ_SECONDS").unwrap_or(600);
    #[expect(clippy::disallowed_methods, reason = "each long run tries other inputs")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = variable("FUZZ_SEED").unwrap_or(now.unwrap().as_secs());
    let each = Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).unwrap();
    println!(
        "seed {seed}, {} s for each of {} targets",
        each.as_secs(),
        TARGETS.len()
    );
    let mut rows = Vec::new();
    for target in TARGETS {
        let summary = driver::run(&mut target(), seed, usize::MAX / 2, each);
        println!("{}: {} inputs", summary.name, summary.inputs);
        rows.push(summary);
    }
    println!(
        "\n{:<14} {:>10} {:>10} {:>8} {:>12} {:>6}",
        "target", "inputs", "inputs/s", "answers", "slowest", "found"
    );
    for row in &rows {
        let rate = row.inputs as f64 / row.took.as_secs_f64().max(0.001);
        let slowest = format!("{:.1} ms", row.slowest.as_secs_f64() * 1000.0);
        println!(
            "{:<14} {:>10} {:>10.0} {:>8} {slowest:>12} {:>6}",
            row.name,
            row.inputs,
            rate,
            row.answers,
            row.found.len()
        );
    }
    let memory = driver::peak_memory();
    println!(
        "peak memory: {} MiB",
        memory.map_or("unknown".to_owned(), |mib| mib.to_string())
    );
    let found: Vec<String> = rows.into_iter().flat_map(|row| row.found).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(memory.is_none_or(|mib| mib < MEMORY), "more than {MEMORY} MiB");
}

#[test]
fn each_folder_of_kept_inputs_is_a_targets() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target().name).collect();
    let folder = root().join("tests/fuzz/regressions");
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(
            names.contains(&name.as_str()) || name == "README.md",
            "no target replays tests/fuzz/regressions/{name}"
        );
    }
}
