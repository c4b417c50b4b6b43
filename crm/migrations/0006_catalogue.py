import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models

ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ"
PLAIN = "aaaaaaeeeeiiiiooooouuuucnyyaaaaaaeeeeiiiiooooouuuucny"


def _vector(column, weight):
    names = models.F(column), models.Value(ACCENTED), models.Value(PLAIN)
    plain = models.Func(*names, function="translate", output_field=models.TextField())
    return SearchVector(plain, weight=weight, config="simple")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0005_people_and_consent"),
    ]

    operations = [
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, max_length=4000)),
                ("price", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("currency", models.CharField(blank=True, help_text="ISO 4217, such as EUR.", max_length=3)),
                ("stock", models.IntegerField(blank=True, help_text="Empty: not counted.", null=True)),
                ("url", models.URLField(blank=True, max_length=500)),
                ("is_active", models.BooleanField(default=True)),
                ("updated_at", models.DateTimeField()),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=_vector("name", "A") + _vector("sku", "A") + _vector("description", "B"),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "ordering": ["workspace_id", "name", "id"],
            },
        ),
        migrations.CreateModel(
            name="StockAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("told", "Told"), ("withdrawn", "Withdrawn")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("context", models.TextField(blank=True, max_length=500)),
                ("requested_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="workspace",
            name="max_discount_percent",
            field=models.FloatField(
                default=0.0,
                help_text="The largest discount that the agents may speak of; a customer who asks for more gets a person.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_discount_percent__gte", 0), ("max_discount_percent__lte", 100)),
                name="workspace_discount_in_range",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="products", to="crm.workspace"
            ),
        ),
        migrations.AddField(
            model_name="stockalert",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="stock_alerts", to="crm.lead"
            ),
        ),
        migrations.AddField(
            model_name="stockalert",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="crm.product"
            ),
        ),
        migrations.AddField(
            model_name="stockalert",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("is_active", True)), fields=["search"], name="product_search"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("workspace", "sku"), name="product_once"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__isnull", True), ("price__gte", 0), _connector="OR"),
                name="product_price_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__isnull", True), models.Q(("currency", ""), _negated=True), _connector="OR"),
                name="product_price_has_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("stock__isnull", True), ("stock__gte", 0), _connector="OR"),
                name="product_stock_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="stockalert",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["product", "requested_at"], name="stock_alert_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="stockalert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("workspace", "lead", "product"),
                name="stock_alert_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="stockalert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "waiting")),
                    models.Q(models.Q(("state", "waiting"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="stock_alert_ended_has_time",
            ),
        ),
    ]
