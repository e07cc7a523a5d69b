//! Columns that several statements return, read in one way.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::Error;
use crate::model::{Address, ChainId};

/// The chain of externally owned accounts, which are one person on all of them.
const ANY_CHAIN: i64 = 0;

/// The column `address` of a session: the wallet that signed in, where one did.
///
/// # Errors
/// [`Error::Content`] when it holds another number of bytes, which the table does not allow.
pub(super) fn address(row: &Row) -> Result<Option<Address>, Error> {
    row.get::<_, Option<&[u8]>>("address")
        .map(|bytes| bytes.try_into().map(Address::from_bytes))
        .transpose()
        .map_err(|_| Error::Content("a session's address"))
}

/// The column `wallet_chain` of a session: the chain of the contract that signed in, where one did.
///
/// # Errors
/// [`Error::Content`] when it is negative, which the table does not allow.
pub(super) fn contract_on(row: &Row) -> Result<Option<ChainId>, Error> {
    match row.get::<_, i64>("wallet_chain") {
        ANY_CHAIN => Ok(None),
        chain => ChainId::try_from(chain)
            .map(Some)
            .map_err(|_| Error::Content("a session's wallet_chain")),
    }
}

/// What stands for a wallet in a column of chains. A chain too large for one is no network's, so no such wallet
/// ever gets there; the largest number stands in, which is not a key's.
pub(super) fn wallet_chain(contract_on: Option<ChainId>) -> i64 {
    contract_on.map_or(ANY_CHAIN, |chain| chain.to_i64().unwrap_or(i64::MAX))
}

/// The column `claims`: a JSON object of strings.
///
/// # Errors
/// [`Error::Content`] when it is anything else, which no statement makes.
pub(super) fn claims(row: &Row) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_value(row.get("claims")).map_err(|_| Error::Content("custom claims"))
}
