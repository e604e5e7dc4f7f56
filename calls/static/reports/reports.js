// Draws the charts of a report from the numbers that stand beside them. Without it the tables say the same.
"use strict";

(() => {
    const root = document.querySelector(".reports");
    if (!root) return;

    const drawn = [];

    function colour(name) {
        return getComputedStyle(root).getPropertyValue(name).trim();
    }

    function datasets(data) {
        const isStacked = data.kind === "stacked";
        return data.series.map((series, number) => {
            const ink = isStacked ? colour(`--chart-${number + 1}`) : colour(series.before ? "--chart-before" : "--chart-now");
            return {
                label: series.name,
                data: series.values.map((value) => (value === "" ? null : value)),
                shown: series.shown,
                type: data.kind === "line" || series.before ? "line" : "bar",
                borderColor: ink,
                backgroundColor: ink,
                borderWidth: data.kind === "line" || series.before ? 2 : 0,
                borderDash: series.before ? [4, 4] : [],
                pointRadius: series.values.length > 40 ? 0 : 2,
                pointHitRadius: 8,
                spanGaps: false,
                tension: 0.2,
                order: series.before ? 0 : 1,
            };
        });
    }

    function written(value, unit) {
        if (unit === "share") return `${Math.round(value * 100)}%`;
        if (unit === "seconds") {
            const rest = Math.round(value) % 60;
            return `${Math.floor(Math.round(value) / 60)}:${String(rest).padStart(2, "0")}`;
        }
        return Number(value).toLocaleString(document.documentElement.lang || undefined);
    }

    function most(data) {
        return Math.max(0, ...data.series.flatMap((series) => series.values.map(Number)));
    }

    function draw() {
        drawn.splice(0).forEach((chart) => chart.destroy());
        const text = colour("--quiet");
        const line = colour("--line");
        for (const canvas of root.querySelectorAll("canvas[data-chart]")) {
            const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
            const isStacked = data.kind === "stacked";
            drawn.push(
                new Chart(canvas, {
                    data: { labels: data.labels, datasets: datasets(data) },
                    options: {
                        animation: false,
                        responsive: true,
                        maintainAspectRatio: false,
                        interaction: { mode: "index", intersect: false },
                        scales: {
                            x: {
                                stacked: isStacked,
                                grid: { display: false },
                                ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 },
                            },
                            y: {
                                stacked: isStacked,
                                beginAtZero: true,
                                max: data.unit === "share" && most(data) > 0.5 ? 1 : undefined,
                                grid: { color: line },
                                border: { display: false },
                                ticks: {
                                    color: text,
                                    maxTicksLimit: 6,
                                    precision: data.unit === "count" ? 0 : undefined,
                                    callback: (value) => written(value, data.unit),
                                },
                            },
                        },
                        plugins: {
                            legend: { position: "bottom", labels: { color: text, boxWidth: 12, boxHeight: 12 } },
                            tooltip: {
                                callbacks: {
                                    label: (item) => `${item.dataset.label}: ${item.dataset.shown[item.dataIndex]}`,
                                },
                            },
                        },
                    },
                }),
            );
        }
    }

    draw();
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

    // The two days matter only where the span is one of one's own.
    const span = document.getElementById("report-span");
    function showDays() {
        for (const field of root.querySelectorAll(".reports-days")) {
            field.hidden = span.value !== "custom";
        }
    }
    span.addEventListener("change", showDays);
    showDays();

    const print = root.querySelector("[data-print]");
    print.hidden = false;
    print.addEventListener("click", () => window.print());
    window.addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
})();
