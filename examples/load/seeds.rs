//! Rows made in SQL, and what is known of them here: a number says everything about a person, their session and its
//! refresh token. No request makes them, so that a million take seconds.

use std::time::Duration;

use anyhow::ensure;
use aws_lc_rs::digest::{SHA256, digest};
use tokio_postgres::Client;
use uuid::Uuid;

/// Whose tokens are whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Requests: a token is a UUID that this program can say.
    Requests,
    /// pgbench, which cannot say a UUID's hash: a token is known by its session's number and its generation.
    Pgbench,
}

/// Sixteen bytes that belong to a number, in SQL; the letter keeps apart what they are for.
pub fn bytes_of(number: &str, letter: char) -> String {
    format!("substr(sha256(int8send({number}) || '{letter}'::bytea), 1, 16)")
}

/// The UUID of a number, in SQL.
pub fn uuid_of(number: &str, letter: char) -> String {
    format!("encode({}, 'hex')::uuid", bytes_of(number, letter))
}

/// The hash of pgbench's token, in SQL.
pub fn pgbench_hash(number: &str, generation: &str) -> String {
    format!("sha256(int8send({number}) || int4send({generation}))")
}

/// The refresh token of the session with this number, as its client presents it.
pub fn token_of(number: u64) -> [u8; 36] {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.push(b't');
    let head: [u8; 16] = digest(&SHA256, &bytes).as_ref()[..16]
        .try_into()
        .expect("SHA-256 has 32 bytes");
    let mut text = [0; 36];
    Uuid::from_bytes(head).hyphenated().encode_lower(&mut text);
    text
}

/// People, each with a wallet, an account, and a session that has been restored `generations - 1` times.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    pub first: u64,
    pub count: u64,
    pub generations: u32,
    pub holder: Holder,
}

/// What a foreign key or an index asks of every row costs more than the rows, so both are made again afterwards.
const WITHOUT_INDEXES: &str = "
set synchronous_commit = off;
set session_replication_role = replica;
alter table auth.refresh_tokens drop constraint refresh_tokens_pkey;
drop index auth.refresh_tokens_session";

const WITH_INDEXES: &str = "
set maintenance_work_mem = '512MB';
alter table auth.refresh_tokens add constraint refresh_tokens_pkey primary key (hash);
create index refresh_tokens_session on auth.refresh_tokens (session_id);
reset maintenance_work_mem;
reset session_replication_role;
reset synchronous_commit";

impl Seeds {
    /// Inserts them. A spent token of theirs is a row like any other, and no request presents it.
    pub async fn sow(self, client: &Client) -> anyhow::Result<()> {
        let Self {
            first,
            count,
            generations,
            holder,
        } = self;
        let range = format!(
            "generate_series({first}::bigint, {}::bigint) as i",
            first + count - 1
        );
        let (user, session) = (uuid_of("i", 'u'), uuid_of("i", 's'));
        let address = "substr(sha256(int8send(i) || 'a'::bytea), 1, 20)";
        let head = generations - 1;
        let hash = match holder {
            Holder::Requests => format!(
                "case when g = {head} then sha256({}) else sha256(int8send(i) || int4send(g)) end",
                bytes_of("i", 't')
            ),
            Holder::Pgbench => pgbench_hash("i", &format!("(g - {head})")),
        };
        client
            .batch_execute(&format!(
                "{WITHOUT_INDEXES};
                 insert into auth.users (id, created_at) select {user}, now() from {range};
                 insert into auth.wallets (address, chain, user_id, created_at) select {address}, 0, {user}, now() from {range};
                 insert into public.accounts (network, address, user_id, created_at, updated_at)
                   select 'ethereum', '0x' || encode({address}, 'hex'), {user}, now(), now() from {range};
                 insert into auth.sessions (id, user_id, flow, address, generation, rotated_at, last_used_at, created_at, ends_at)
                   select {session}, {user}, 'siwe', {address}, {head}, now(), now(), now(), now() + interval '90 days' from {range};
                 insert into auth.refresh_tokens (hash, session_id, generation)
                   select {hash}, {session}, g from {range}, generate_series(0, {head}) as g;
                 {WITH_INDEXES}"
            ))
            .await?;
        Ok(())
    }

    /// Whether the database holds as many rotations of their sessions as there were answers, and of each session one live
    /// head. They must have been sown with one generation.
    pub async fn were_rotated(self, client: &Client, answers: usize) -> anyhow::Result<()> {
        let Self { first, count, .. } = self;
        let (last, user) = (first + count - 1, uuid_of("i", 'u'));
        let row = client
            .query_one(
                &format!(
                    "select coalesce(sum(s.generation), 0)::bigint, count(*), count(s.ended_at),
                       count(*) filter (where s.generation <> (select max(t.generation) from auth.refresh_tokens t where t.session_id = s.id))
                     from auth.sessions s
                     where s.user_id in (select {user} from generate_series({first}::bigint, {last}::bigint) as i)"
                ),
                &[],
            )
            .await?;
        let (rotations, sessions, ended, headless): (i64, i64, i64, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        ensure!(
            usize::try_from(rotations)? == answers
                && u64::try_from(sessions)? == count
                && ended == 0
                && headless == 0,
            "{answers} answers, but {rotations} rotations of {sessions} sessions, {ended} ended and {headless} without a head"
        );
        Ok(())
    }
}

/// What a database that has been running for a while has behind it: statistics, a visibility map, no checkpoint due.
pub async fn settle(client: &Client) -> anyhow::Result<()> {
    // How many rows came is told to the statistics a second later, by whatever is asked next. Autovacuum would come for them in
    // the middle of a measurement.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    client.batch_execute("select").await?;
    client.batch_execute("vacuum (analyze)").await?;
    client.batch_execute("checkpoint").await?;
    Ok(())
}
