//! Columns that several statements return, read in one way.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::Error;
use crate::model::Address;

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

/// The column `claims`: a JSON object of strings.
///
/// # Errors
/// [`Error::Content`] when it is anything else, which no statement makes.
pub(super) fn claims(row: &Row) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_value(row.get("claims")).map_err(|_| Error::Content("custom claims"))
}
