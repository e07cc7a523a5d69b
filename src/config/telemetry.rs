//! `LOG_FORMAT`, `METRICS_ADDR` and `OTEL_…`: what the program tells about itself, and where.
//!
//! A command may read these alone, because logging starts before the rest of the configuration can be read.

use std::net::SocketAddr;

use super::read::Reader;
use super::{Faults, LogFormat, Traces, Variables};

/// The log, the metrics and the traces.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// Where metrics are answered, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Where spans are sent, if anywhere.
    pub traces: Option<Traces>,
    /// How the log looks.
    pub log: LogFormat,
}

impl Telemetry {
    /// Reads only what concerns telemetry.
    ///
    /// # Errors
    /// As [`super::Config::read`].
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader::of(variables);
        let telemetry = reader.telemetry();
        if reader.faults.is_empty() {
            Ok(telemetry)
        } else {
            Err(Faults(reader.faults))
        }
    }
}

impl Reader<'_> {
    pub(super) fn telemetry(&mut self) -> Telemetry {
        let log = match self.text("LOG_FORMAT") {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                self.fault(format!("LOG_FORMAT is {other:?}, expected text or json"));
                LogFormat::Text
            }
        };
        let metrics = self.text("METRICS_ADDR").is_some().then(|| {
            self.parsed(
                "METRICS_ADDR",
                SocketAddr::from(([127, 0, 0, 1], 0)),
                "an address and port such as 127.0.0.1:9400",
            )
        });
        Telemetry {
            metrics,
            traces: self.traces(),
            log,
        }
    }
}
