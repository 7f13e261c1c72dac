"""Metadata: what servers publish about themselves, and what a client may believe of it.

Sources: RFC 8414 (authorization servers), RFC 9728 (protected resources), RFC 7517 (keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.oauth.authority import Authority
from harness.oauth.messages import Refusal
from harness.oauth.profile import RsProfile

GRANT_TYPES = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
)


def server_metadata(authority: Authority) -> dict[str, Any]:
    """The metadata of an authorization server (RFC 8414 section 2)."""
    issuer = authority.profile.issuer
    paths = {
        "authorization_endpoint": "/authorize",
        "token_endpoint": "/token",
        "pushed_authorization_request_endpoint": "/par",
        "introspection_endpoint": "/introspect",
        "revocation_endpoint": "/revoke",
        "backchannel_authentication_endpoint": "/bc-authorize",
        "end_session_endpoint": "/end_session",
        "registration_endpoint": "/register",
        "jwks_uri": "/jwks",
    }
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in paths.items()},
        "response_types_supported": ["code"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth", "none"],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": authority.profile.par_required,
        "client_id_metadata_document_supported": authority.profile.metadata_documents,
        "dpop_signing_alg_values_supported": ["EdDSA", "ES256"],
        "tls_client_certificate_bound_access_tokens": authority.profile.sender_constrained,
        "authorization_details_types_supported": sorted(authority.profile.detail_types),
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": authority.profile.user_code_required,
    }


def metadata_url(issuer: str) -> str:
    """Where the metadata of an issuer is: the well-known word goes between host and path (RFC 8414 section 3)."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"


def resource_metadata_url(resource: str) -> str:
    """Where the metadata of a protected resource is (RFC 9728 section 3.1)."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path.rstrip('/')}"


def resource_metadata(profile: RsProfile, resource: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    """The metadata of a protected resource (RFC 9728 section 2). `offline_access` is never advertised."""
    return {
        "resource": resource,
        "authorization_servers": sorted(profile.issuers),
        "scopes_supported": [scope for scope in scopes if scope != "offline_access"],
        "bearer_methods_supported": ["header"],
        "resource_name": profile.realm,
    }


def check_server_metadata(metadata: Mapping[str, Any], *, expected_issuer: str) -> Refusal | None:
    """Whether a client may use this metadata: its issuer is the one asked for, and PKCE with S256 is there."""
    if metadata.get("issuer") != expected_issuer:
        return Refusal("metadata", "invalid_metadata", 0, "P-021", "the metadata is of another issuer")
    methods = metadata.get("code_challenge_methods_supported")
    if not isinstance(methods, (list, tuple)) or "S256" not in methods:
        return Refusal("metadata", "invalid_metadata", 0, "P-134", "PKCE with S256 is not advertised")
    return None


def check_resource_metadata(metadata: Mapping[str, Any], *, expected_resource: str) -> Refusal | None:
    """Whether a client may use the metadata of a resource: it must be of the one that was asked (RFC 9728 3.3)."""
    if metadata.get("resource") != expected_resource:
        return Refusal("metadata", "invalid_metadata", 0, "P-130", "the metadata is of another resource")
    return None
