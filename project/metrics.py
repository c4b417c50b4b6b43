"""/metrics: the gauges in Prometheus' words, for whoever has the token; without a token, for this machine alone."""

from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from analytics.metrics import Gauge, read_gauges
from project.kernel import clock

LOOPBACK = ("127.0.0.1", "::1")
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not may_read(request):
        raise PermissionDenied("The metrics need METRICS_TOKEN, as a bearer token.")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Gauges())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """A request that a proxy passed on comes from elsewhere, whatever its address says."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")
    is_passed_on = any(name in request.META for name in FORWARDED)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_passed_on


class Gauges(Collector):
    """Asked on each scrape; nothing is counted in between, so requests pay nothing for it."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in read_gauges(clock.now()):
            yield _family(gauge)


def _family(gauge: Gauge) -> GaugeMetricFamily:
    if not isinstance(gauge.value, dict):
        return GaugeMetricFamily(gauge.name, gauge.help, value=gauge.value)
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=[gauge.label])
    for label, value in gauge.value.items():
        family.add_metric([label], value)
    return family
