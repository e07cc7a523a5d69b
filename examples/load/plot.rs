//! Throughput and p99 against the number of connections, as one SVG. Text and lines alone, in colours that can be read
//! on white and on black.

use std::fmt::Write;

use crate::report::Level;

/// One panel: the service and its floor.
pub struct Panel<'a> {
    pub title: &'a str,
    pub floor: &'a str,
    pub levels: &'a [Level],
}

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 170.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 46.0;
const GAP: f64 = 84.0;
const OURS: &str = "#2f7ed8";
const FLOOR: &str = "#b5651d";

/// The panels side by side: requests a second above, the p99 in milliseconds below.
pub fn draw(panels: &[Panel<'_>]) -> String {
    // A handful of panels.
    let width = LEFT + panels.len() as f64 * (WIDTH + GAP);
    let height = 2.0 * (TOP + HEIGHT) + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#888\" stroke-width=\"2\">\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let left = LEFT + at as f64 * (WIDTH + GAP);
        let lines = |value: &dyn Fn(&crate::report::Side) -> (f64, f64)| {
            let of = |pick: fn((f64, f64)) -> f64| {
                panel
                    .levels
                    .iter()
                    .map(|level| level.spread(|side| pick(value(side))).median)
                    .collect::<Vec<f64>>()
            };
            [(OURS, of(|pair| pair.0)), (FLOOR, of(|pair| pair.1))]
        };
        let rates = lines(&|side| (side.ours.run.rate(), side.floor.run.rate()));
        let tails = lines(&|side| (side.ours.run.quantile(0.99), side.floor.run.quantile(0.99)));
        let connections: Vec<usize> = panel.levels.iter().map(|level| level.connections).collect();
        let title = format!("{}: requests a second", panel.title);
        chart(&mut svg, (left, TOP), &title, &connections, &rates);
        let title = format!("{}: p99, ms", panel.title);
        chart(&mut svg, (left, 2.0 * TOP + HEIGHT), &title, &connections, &tails);
        let foot = height - 12.0;
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"{foot}\" fill=\"{OURS}\">hasura-siwe</text>\n<text x=\"{}\" y=\"{foot}\" fill=\"{FLOOR}\">{}</text>",
            left + 110.0,
            panel.floor
        )
        .expect("a string takes it");
    }
    svg.push_str("</svg>\n");
    svg
}

fn chart(
    svg: &mut String,
    (left, top): (f64, f64),
    title: &str,
    connections: &[usize],
    lines: &[(&str, Vec<f64>)],
) {
    let most = lines
        .iter()
        .flat_map(|(_, values)| values)
        .copied()
        .fold(f64::MIN_POSITIVE, f64::max);
    let bottom = top + HEIGHT;
    let last = connections.len().saturating_sub(1).max(1) as f64;
    let x = |at: usize| left + WIDTH * at as f64 / last;
    let y = |value: f64| bottom - HEIGHT * value / most;
    let mut part = format!("<text x=\"{left}\" y=\"{}\">{title}</text>\n", top - 14.0);
    for share in [0.0, 0.5, 1.0] {
        let at = y(most * share);
        let decimals = usize::from(most < 100.0);
        writeln!(
            part,
            "<path d=\"M{left} {at:.1}h{WIDTH}\" stroke=\"#888\" stroke-opacity=\"0.3\" stroke-width=\"1\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.decimals$}</text>",
            left - 6.0,
            at + 4.0,
            most * share,
        )
        .expect("a string takes it");
    }
    for (at, count) in connections.iter().enumerate() {
        let (x, y) = (x(at), bottom + 16.0);
        writeln!(
            part,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{count}</text>"
        )
        .expect("a string takes it");
    }
    for (colour, values) in lines {
        let points: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(at, value)| format!("{:.1},{:.1}", x(at), y(*value)))
            .collect();
        writeln!(
            part,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/>",
            points.join(" ")
        )
        .expect("a string takes it");
    }
    svg.push_str(&part);
}
