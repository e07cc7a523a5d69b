//! The list of variables, for whoever needs to know them all: docs, `.env.example`, compose.

/// One variable of the service.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is absent; `None` means that it must be given.
    pub default: Option<&'static str>,
    /// Whether `NAME_FILE` is read as well.
    pub secret: bool,
}

const fn plain(name: &'static str, default: &'static str) -> Variable {
    Variable {
        name,
        default: Some(default),
        secret: false,
    }
}

/// Every variable that the service reads.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "DATABASE_URL",
        default: None,
        secret: true,
    },
    Variable {
        name: "DATABASE_DIRECT_URL",
        default: Some("DATABASE_URL"),
        secret: true,
    },
    plain("DATABASE_CA_FILE", "none"),
    plain("DATABASE_POOL_SIZE", "8"),
    plain("DATABASE_POOLER", "none"),
    plain("LISTEN_ADDR", "127.0.0.1:4000"),
    Variable {
        name: "ACTIONS_SECRET",
        default: None,
        secret: true,
    },
    Variable {
        name: "HASURA_GRAPHQL_JWT_SECRET",
        default: None,
        secret: true,
    },
    Variable {
        name: "KEYS_ENCRYPTION_KEY",
        default: Some("none"),
        secret: true,
    },
    Variable {
        name: "SIWE_ORIGINS",
        default: None,
        secret: false,
    },
    plain("REFRESH_COOKIE", "off"),
    plain("SIWE_NONCES", "client"),
    plain("SIWE_CONTRACT_MAX_AGE", "10m"),
    plain("FLOWS", "siwe,email,username"),
    Variable {
        name: "ETH_RPC_URLS",
        default: Some("none"),
        secret: true,
    },
    plain("APP_NAME", "SIWE_ORIGINS"),
    plain("REGISTRATION", "closed"),
    plain("PASSWORD_MIN_LENGTH", "15"),
    plain("SIGN_UPS_PER_CLIENT", "100"),
    plain("SIGN_UPS_PER_PROCESS", "3600"),
    plain("ACCESS_TOKEN_TTL", "60m"),
    plain("REFRESH_IDLE_TTL", "14d"),
    plain("REFRESH_ABSOLUTE_TTL", "90d"),
    plain("LENS_ACCESS_TOKEN_TTL", "30m"),
    plain("LENS_REFRESH_IDLE_TTL", "7d"),
    plain("LENS_REFRESH_ABSOLUTE_TTL", "REFRESH_ABSOLUTE_TTL"),
    plain("EMAIL_ACCESS_TOKEN_TTL", "ACCESS_TOKEN_TTL"),
    plain("EMAIL_REFRESH_IDLE_TTL", "REFRESH_IDLE_TTL"),
    plain("EMAIL_REFRESH_ABSOLUTE_TTL", "REFRESH_ABSOLUTE_TTL"),
    plain("USERNAME_ACCESS_TOKEN_TTL", "2h"),
    plain("USERNAME_REFRESH_IDLE_TTL", "7d"),
    plain("USERNAME_REFRESH_ABSOLUTE_TTL", "7d"),
    plain("TANX_ACCESS_TOKEN_TTL", "ACCESS_TOKEN_TTL"),
    plain("TANX_REFRESH_IDLE_TTL", "REFRESH_IDLE_TTL"),
    plain("TANX_REFRESH_ABSOLUTE_TTL", "REFRESH_ABSOLUTE_TTL"),
    plain("REFRESH_GRACE", "30s"),
    plain("SESSIONS_PER_USER", "50"),
    plain("ADMIN_ADDRESSES", "none"),
    plain("TRUSTED_HOPS", "0"),
    plain("WEB", "off"),
    plain("WEB_GRAPHQL_URL", "/v1/graphql"),
    plain("METRICS_ADDR", "none"),
    plain("OTEL_EXPORTER_OTLP_ENDPOINT", "none"),
    plain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "none"),
    Variable {
        name: "OTEL_EXPORTER_OTLP_HEADERS",
        default: Some("none"),
        secret: true,
    },
    Variable {
        name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        default: Some("none"),
        secret: true,
    },
    plain("OTEL_SDK_DISABLED", "false"),
    plain("OTEL_TRACES_EXPORTER", "otlp"),
    plain("OTEL_SERVICE_NAME", "hasura-siwe"),
    plain("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    plain("OTEL_TRACES_SAMPLER_ARG", "1"),
    plain("LOG_FORMAT", "text"),
];
