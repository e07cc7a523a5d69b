//! Naming accounts.

use super::{Error, Service};
use crate::model::{AccountName, Address, Caller, Client, NetworkName};
use crate::storage::{NewName, Renamed};

/// A name for one address on several networks, as it was asked for.
#[derive(Debug)]
pub struct UpdateAccount<'a> {
    /// The address, as text.
    pub address: &'a str,
    /// Names of networks.
    pub networks: Vec<String>,
    /// The name.
    pub name: &'a str,
}

/// More networks than any deployment has.
const MAX_NETWORKS: usize = 64;

impl Service {
    /// Names the accounts of an address and returns the networks where one exists, in the order in
    /// which they were asked for.
    ///
    /// A user names only the accounts of their own address; an admin any.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::SessionEnded`], [`Error::NetworkUnknown`], [`Error::NameInvalid`],
    /// [`Error::BadRequest`], [`Error::AddressNotChecksummed`], [`Error::RateLimited`], [`Error::AccountDisabled`] or
    /// [`Error::Unavailable`]; nothing has changed then.
    pub async fn update_account(
        &self,
        update: UpdateAccount<'_>,
        caller: Caller,
        client: &Client,
    ) -> Result<Vec<String>, Error> {
        if caller == Caller::Guest {
            return Err(Error::Forbidden("sign in first: guests cannot change accounts"));
        }
        let (by, any) = (
            caller.person().map(|person| person.user_id),
            matches!(caller, Caller::Admin(_)),
        );
        if let Some(person) = caller.person() {
            self.still_signed_in(person).await?;
            self.may_change(person).await?;
        }
        let address: Address = update.address.parse()?;
        let name = AccountName::parse(update.name)?;
        let networks = distinct(update.networks);
        if networks.is_empty() {
            return Err(Error::BadRequest(
                "networks is empty: name at least one network".to_owned(),
            ));
        }
        if networks.len() > MAX_NETWORKS {
            return Err(Error::BadRequest(format!(
                "more than {MAX_NETWORKS} networks in one request"
            )));
        }
        // What cannot be a network's name is unknown without asking; and only its beginning is repeated.
        let strange: Vec<String> = networks
            .iter()
            .filter(|name| name.parse::<NetworkName>().is_err())
            .map(|name| name.chars().filter(|c| !c.is_control()).take(64).collect())
            .collect();
        if !strange.is_empty() {
            return Err(Error::NetworkUnknown(strange));
        }
        let new = NewName {
            address,
            networks: &networks,
            name: &name,
            by,
            any,
            client,
        };
        match self.db.rename(&new).await? {
            Renamed::Disabled => Err(Error::AccountDisabled),
            Renamed::NotOwned => Err(Error::Forbidden("the address is not one of yours")),
            Renamed::UnknownNetworks(unknown) => Err(Error::NetworkUnknown(unknown)),
            Renamed::In(renamed) => Ok(networks
                .into_iter()
                .filter(|network| renamed.contains(network))
                .collect()),
        }
    }
}

/// Each once, in the order of first mention.
fn distinct(networks: Vec<String>) -> Vec<String> {
    let mut seen = Vec::with_capacity(networks.len().min(MAX_NETWORKS + 1));
    for network in networks {
        if !seen.contains(&network) {
            seen.push(network);
        }
        if seen.len() > MAX_NETWORKS {
            break;
        }
    }
    seen
}
