"""What we sign, joserfc and authlib accept; what they sign, we accept; what either refuses, we refuse.

Neither library shares code with ours (PyJWT signs and verifies here). The examples printed in the RFCs are at the end.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from harness.oauth import Keys, KeySet, Presented, PublicKey, ResourceServer, RouteRule, RsProfile, Signal, SigningKey
from harness.oauth.client import s256_challenge
from harness.oauth.client_auth import client_assertion
from harness.oauth.dpop import BadProof, check_proof, make_proof
from harness.oauth.keys import BadSignature, sha256_base64url, thumbprint, unverified_header, verify_with
from harness.oauth.sets import encode_signal, logout_token
from harness.oauth.tokens import read_claims
from tests.oauth.test_rules_exchange import Partner, txn
from tests.oauth.wire import HOME_KEYS, ISSUER, READ, VERIFIER, Wire, good, key, refusals

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from authlib.jose import JsonWebKey
    from authlib.jose import jwt as authlib_jwt
    from authlib.jose.errors import JoseError as AuthlibError
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
ALGORITHMS = ("EdDSA", "ES256")
JOSERFC = {"EdDSA": OKPKey, "ES256": ECKey, "RS256": RSAKey}
URL = "https://claims.example/api"


def minted(alg: str) -> tuple[str, SigningKey]:
    """An access token from a server that signs with this algorithm."""
    wire = Wire()
    signer = key("home", alg)
    wire.server.keys = Keys(signer, {ISSUER: KeySet([signer.public])})
    return wire.chain()["claims"], signer


def judged_by_joserfc(token: str, jwk: dict[str, Any], alg: str) -> dict[str, Any]:
    decoded = joserfc_jwt.decode(token, JOSERFC[alg].import_key(jwk), algorithms=[alg])
    return dict(decoded.claims)


def judged_by_authlib(token: str, jwk: dict[str, Any]) -> dict[str, Any]:
    return dict(authlib_jwt.decode(token, JsonWebKey.import_key(jwk)))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_others_accept_our_tokens_and_proofs(alg: str) -> None:
    token, signer = minted(alg)
    proof = make_proof(signer, method="GET", url=URL, now_s=0, jti="p1", token=token)
    for text in (token, proof):
        ours = dict(KeySet([signer.public]).verify(text).claims) if text == token else None
        theirs = judged_by_joserfc(text, signer.public.jwk, alg)
        assert theirs == judged_by_authlib(text, signer.public.jwk)
        assert ours is None or theirs == ours
    wrong = key("thief", alg).public.jwk
    with pytest.raises(JoseError):
        judged_by_joserfc(token, wrong, alg)
    with pytest.raises(AuthlibError):
        judged_by_authlib(token, wrong)


def every_kind() -> dict[str, str]:
    """One of each kind of JWT that is signed here, by the home server's key."""
    partner = Partner()
    wire, signer = partner.wire, key("home")
    signal = Signal("agent_denied", 1, agent="a")
    return {
        "access token": wire.chain()["claims"],
        "approval": wire.approved(),
        "identity assertion": partner.assertion(),
        "transaction token": good(txn(wire)).body["access_token"],
        "security event": encode_signal(signal, signer, issuer=ISSUER, audience="claims", now_s=2, jti="s"),
        "logout": logout_token(signer, issuer=ISSUER, audience="claims", session="s", user="ana", now_s=2, jti="l"),
        "client assertion": client_assertion(signer, "portal", audience=ISSUER, now_s=0, jti="c"),
        "proof": make_proof(signer, method="GET", url=URL, now_s=0, jti="p"),
    }


def test_others_read_every_kind_of_token_as_we_do() -> None:
    public = key("home").public
    for kind, text in every_kind().items():
        ours = dict(verify_with(text, public, unverified_header(text)).claims)
        assert judged_by_joserfc(text, public.jwk, "EdDSA") == ours, kind
        assert judged_by_authlib(text, public.jwk) == ours, kind


CLAIMS = {
    "iss": ISSUER, "sub": "ana", "aud": "claims", "exp": 120, "iat": 0, "jti": "j", "client_id": "c", "scope": "claims.read",
    "act": {"sub": "agent", "act": {"sub": "older"}}, "cnf": {"jkt": "t"}, "authorization_details": [{"type": "payment"}],
}  # fmt: skip


def signed_by_joserfc(kind: str, alg: str, typ: str = "at+jwt", **claims: Any) -> tuple[str, PublicKey]:
    made = {"EdDSA": ("Ed25519",), "ES256": ("P-256",), "RS256": (2048,)}[alg]
    secret = JOSERFC[alg].generate_key(*made)  # type: ignore[attr-defined]  # each of the three has it
    text = joserfc_jwt.encode({"alg": alg, "typ": typ, "kid": kind}, {**CLAIMS, **claims}, secret, algorithms=[alg])
    return text, PublicKey(secret.as_dict(private=False), alg, kind)


def server_for(public: PublicKey) -> ResourceServer:
    return ResourceServer(
        RsProfile(audience_id="claims", issuers=frozenset({ISSUER}), sender=False), {ISSUER: KeySet([public])}
    )


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
def test_we_accept_what_joserfc_signs_and_refuse_what_is_wrong(alg: str) -> None:
    token, public = signed_by_joserfc("theirs", alg)
    server = server_for(public)
    assert refusals(server, token, READ) == []
    claims = server.claims(token)
    assert claims is not None
    assert (claims.actors, claims.jkt, claims.details) == (("agent", "older"), "t", ({"type": "payment"},))
    other, _ = signed_by_joserfc("theirs", alg)
    assert refusals(server, other, READ) == ["signature"]
    assert refusals(server, token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), READ) == ["signature"]
    typed, public = signed_by_joserfc("theirs", alg, "JWT")
    assert refusals(server_for(public), typed, READ) == ["type"]


def test_we_accept_what_authlib_signs() -> None:
    signer = key("home", "ES256")
    number = signer._private.private_numbers().private_value
    from harness.oauth.keys import base64url

    secret = {**signer.public.jwk, "d": base64url(number.to_bytes(32, "big"))}
    token = authlib_jwt.encode(
        {"alg": "ES256", "typ": "at+jwt", "kid": "home"}, CLAIMS, JsonWebKey.import_key(secret)
    ).decode()
    assert refusals(server_for(signer.public), token, READ) == []
    hmac = authlib_jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": "home"}, CLAIMS, b"0" * 32).decode()
    assert refusals(server_for(signer.public), hmac, READ) == ["signature"]


def test_we_accept_proofs_that_joserfc_signs() -> None:
    for alg, made in (("EdDSA", "Ed25519"), ("ES256", "P-256")):
        secret = JOSERFC[alg].generate_key(made)  # type: ignore[attr-defined]  # both have it
        public = secret.as_dict(private=False)
        public.pop("kid", None)
        claims = {"jti": "p", "htm": "GET", "htu": URL, "iat": 0, "ath": sha256_base64url("t")}
        header = {"alg": alg, "typ": "dpop+jwt", "jwk": public}
        proof = joserfc_jwt.encode(header, claims, secret, algorithms=[alg])
        shown = check_proof(proof, method="GET", url=URL, now_s=0, window_s=60, token="t")
        assert shown.jkt == secret.thumbprint()
        private = joserfc_jwt.encode({**header, "jwk": secret.as_dict(private=True)}, claims, secret, algorithms=[alg])
        with pytest.raises(BadProof):
            check_proof(private, method="GET", url=URL, now_s=0, window_s=60, token="t")


def test_thumbprints_and_challenges_agree() -> None:
    for alg in ALGORITHMS:
        public = key("any", alg).public
        assert public.thumbprint == JOSERFC[alg].import_key(public.jwk).thumbprint()
        assert public.thumbprint == JsonWebKey.import_key(public.jwk).thumbprint()
    assert s256_challenge(VERIFIER) == create_s256_code_challenge(VERIFIER)
    for bad in ("short", "v" * 129, "v" * 42 + "!"):
        with pytest.raises(ValueError, match="43 to 128"):
            s256_challenge(bad)


# ---------------------------------------------------------------- examples printed in the RFCs


def test_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert s256_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_rfc_7638_section_3_1() -> None:
    jwk = {
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
             "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
             "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
             "kEgU8awapJzKnqDKgw",
    }  # fmt: skip
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert PublicKey(jwk).kid == "2011-04-29"


P256 = {
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"


def test_rfc_7515_appendix_a_3_and_rfc_7519_section_3_1() -> None:
    signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    token = f"eyJhbGciOiJFUzI1NiJ9.{JOE}.{signature}"
    assert KeySet([PublicKey(P256)]).verify(token).claims == {
        "iss": "joe",
        "exp": 1300819380,
        "http://example.com/is_root": True,
    }
    with pytest.raises(BadSignature):
        KeySet([PublicKey(P256)]).verify(token[:-6] + "AAAAAA")
    mac = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    with pytest.raises(BadSignature):
        KeySet([PublicKey(P256)]).verify(mac)
    unsigned = f"eyJhbGciOiJub25lIn0.{JOE}."
    with pytest.raises(BadSignature):
        KeySet([PublicKey(P256)]).verify(unsigned)


def test_rfc_7515_appendix_a_2() -> None:
    jwk = {
        "kty": "RSA", "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
             "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2"
             "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD"
             "TW9gb54h4FRWyuXpoQ",
    }  # fmt: skip
    signature = (
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t"
        "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j"
        "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
        "Ge77Rw"
    )
    assert KeySet([PublicKey(jwk)]).verify(f"eyJhbGciOiJSUzI1NiJ9.{JOE}.{signature}").claims["iss"] == "joe"


def test_rfc_8037_appendix_a() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    token = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    import jwt

    assert jwt.PyJWS().decode(token, PublicKey(jwk).parsed, algorithms=["EdDSA"]) == b"Example of Ed25519 signing"
    with pytest.raises(BadSignature):
        verify_with(token, PublicKey(jwk), {"alg": "EdDSA"})


HEAD = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy"
    "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
TOKEN_PROOF = (
    f"{HEAD}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi"
    "aWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RESOURCE_PROOF = (
    f"{HEAD}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0"
    "ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP3"
    "5yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
BOUND_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"


def test_rfc_9449_sections_4_5_and_7() -> None:
    asked: dict[str, Any] = {"method": "POST", "url": "https://server.example.com/token", "window_s": 60}
    assert check_proof(TOKEN_PROOF, now_s=1562262616, **asked).jkt == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    with pytest.raises(BadProof):
        check_proof(TOKEN_PROOF, now_s=1562262677, **asked)
    asked = {
        "method": "GET",
        "url": "https://resource.example.org/protectedresource",
        "window_s": 60,
        "now_s": 1562262618,
    }
    assert check_proof(RESOURCE_PROOF, token=BOUND_TOKEN, **asked).jkt == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    with pytest.raises(BadProof):
        check_proof(RESOURCE_PROOF, token=BOUND_TOKEN + "x", **asked)


RFC_9068 = {
    "iss": "https://authorization-server.example.com/", "sub": "5ba552d67", "aud": "https://rs.example.com/",
    "exp": 1639528912, "iat": 1618354090, "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "client_id": "s6BhdRkqt3",
    "scope": "openid profile reademail",
}  # fmt: skip


def test_rfc_9068_section_2() -> None:
    assert read_claims(RFC_9068).scope == {"openid", "profile", "reademail"}
    secret = RSAKey.generate_key(2048)
    header = {"typ": "at+JWT", "alg": "RS256", "kid": "RjEwOwOA"}
    token = joserfc_jwt.encode(header, RFC_9068, secret, algorithms=["RS256"])
    profile = RsProfile(audience_id="https://rs.example.com/", issuers=frozenset({RFC_9068["iss"]}), leeway_s=0)
    keys = KeySet([PublicKey(secret.as_dict(private=False), "RS256", "RjEwOwOA")])
    server = ResourceServer(profile, {str(RFC_9068["iss"]): keys})
    route = RouteRule("profile", scope="profile")
    assert server.check(Presented(token), route, now_s=1639528911) == ()
    assert [one.check for one in server.check(Presented(token), route, now_s=1639528912)] == ["expired"]


def test_our_published_keys_are_keys_to_others() -> None:
    (jwk,) = HOME_KEYS.jwks()["keys"]
    assert json.loads(json.dumps(jwk)) == jwk
    assert OKPKey.import_key(jwk).thumbprint() == key("home").public.thumbprint
