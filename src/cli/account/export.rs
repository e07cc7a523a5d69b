//! `account export`: what is kept about a person, for the person to have.

use serde_json::Value;

use super::super::table::show_json;
use super::no_account;
use crate::model::{Address, Whose};
use crate::storage::Db;

pub(super) async fn export(db: &Db, whose: &Whose) -> anyhow::Result<()> {
    let user = db.find_user(whose).await?.ok_or_else(|| no_account(whose))?;
    let mut export = db.export(user.user_id).await?.ok_or_else(|| no_account(whose))?;
    write_checksums(&mut export);
    show_json(&export)
}

/// Addresses as people know them: the database has the bytes, and not how ERC-55 writes them.
fn write_checksums(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "address" => {
                        if let Ok(address) = text.parse::<Address>() {
                            *text = address.to_string();
                        }
                    }
                    inner => write_checksums(inner),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(write_checksums),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_is_written_as_people_know_it_wherever_it_stands() {
        let (lower, checksum) = (
            "0x4a62316623ad457f02cdc5d997ded67a383ec569",
            "0x4a62316623ad457F02cDC5D997deD67a383EC569",
        );
        let mut value = json!({"wallets": [{"address": lower, "text": lower}], "address": null});
        write_checksums(&mut value);
        assert_eq!(
            value,
            json!({"wallets": [{"address": checksum, "text": lower}], "address": null})
        );
    }
}
