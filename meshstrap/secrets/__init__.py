"""Auth keys and bootstrap tokens: the secrets.yaml beside an inventory, and a type that never shows what it holds."""

from meshstrap.secrets.model import (
    ENVIRONMENT_PREFIX,
    BootstrapToken,
    Secret,
    Secrets,
    create_token,
    environment_name,
    parse_auth_key,
    parse_lifetime,
)
from meshstrap.secrets.rules import refuse_unfit_keys
from meshstrap.secrets.store import load_auth_keys, load_secrets, save_secrets

__all__ = [
    "ENVIRONMENT_PREFIX",
    "BootstrapToken",
    "Secret",
    "Secrets",
    "create_token",
    "environment_name",
    "load_auth_keys",
    "load_secrets",
    "parse_auth_key",
    "parse_lifetime",
    "refuse_unfit_keys",
    "save_secrets",
]
