"""The pages of webhooks: endpoints, and what was, is and will be delivered to them."""

from ccai.webhook_pages.deliveries import WebhookDeliveryAdmin
from ccai.webhook_pages.endpoints import WebhookEndpointAdmin

__all__ = ["WebhookDeliveryAdmin", "WebhookEndpointAdmin"]
