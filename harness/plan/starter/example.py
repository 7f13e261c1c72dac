"""The API of a starter project that was given no description: a small shop."""

from harness.plan.describe.model import Described, Description, Guess

EXAMPLE = Description(
    name="shop",
    title="shop",
    kind="rest",
    endpoints=(
        Described("list_orders", "GET /orders", "read", "orders", "orders.read", Guess("low", "it reads")),
        Described("get_profile", "GET /profile", "read", "profile", "profile.read", Guess("low", "it reads")),
        Described(
            "change_address",
            "PUT /profile/address",
            "write",
            "profile",
            "profile.write",
            Guess("medium", "it changes something"),
        ),
        Described(
            "refund_order", "POST /orders/{id}/refund", "write", "orders", "orders.refund", Guess("high", "money moves")
        ),
        Described(
            "admin_reports",
            "GET /admin/reports",
            "read",
            "reports",
            "admin.reports",
            Guess("low", "it reads"),
            administrative=Guess("true", "its path says `admin`"),
        ),
    ),
)
