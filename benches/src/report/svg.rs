//! Charts as SVG, inline or a picture of its own. Inline, colours are classes that the page's style defines, for dark and light.

use std::fmt::Write;

/// Colours that the style has.
pub const COLOURS: usize = 10;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 16.0;
const HEAD: f64 = 24.0;
const BOTTOM: f64 = 44.0;
const BAR: f64 = 22.0;
const BAR_STEP: f64 = 34.0;
const LABELS: f64 = 150.0;

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Points from left to right, above 0 on an axis by powers.
    pub points: Vec<(f64, f64)>,
}

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis<'a> {
    /// What it shows, with the unit.
    pub label: &'a str,
    /// Whether it grows by powers; else it starts at 0.
    pub logarithmic: bool,
}

/// One of the line charts of a [`figure`].
#[derive(Debug, Clone, PartialEq)]
pub struct Panel<'a> {
    /// To the right.
    pub x: Axis<'a>,
    /// Upwards.
    pub y: Axis<'a>,
    /// At most two: the style has two colours.
    pub series: Vec<Series>,
}

/// One bar, cut into parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Beside the bar.
    pub label: String,
    /// The parts, from the left.
    pub parts: Vec<f64>,
}

/// A range of values on an axis, and its place in the picture.
struct Scale {
    logarithmic: bool,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn new(values: impl Iterator<Item = f64>, axis: Axis<'_>, start: f64, end: f64) -> Self {
        let (low, high) =
            values.fold((f64::INFINITY, 0.0_f64), |(l, h), value| (l.min(value), h.max(value)));
        let high = if high > 0.0 { high } else { 1.0 };
        let (low, high) = if axis.logarithmic {
            let low = if low > 0.0 && low.is_finite() { low } else { high };
            let (low, high) = (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()));
            (low, if high > low { high } else { low * 10.0 })
        } else {
            (0.0, high * 1.05)
        };
        Self { logarithmic: axis.logarithmic, low, high, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            value / self.high
        };
        self.start + part * (self.end - self.start)
    }

    /// Powers of ten, or about five round steps.
    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let powers = std::iter::successors(Some(self.low), |tick| Some(tick * 10.0));
            return powers.take_while(|tick| *tick <= self.high * 1.001).collect();
        }
        let raw = self.high / 5.0;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        (0..).map(|i| f64::from(i) * step).take_while(|tick| *tick <= self.high).collect()
    }
}

/// Lines with points; the title is for who cannot see them.
#[must_use]
pub fn lines(title: &str, x: Axis<'_>, y: Axis<'_>, series: &[Series]) -> String {
    let names = series.iter().map(|series| series.name.as_str());
    open(title, HEIGHT) + &plot(x, y, series, true) + "</svg>" + &legend(names)
}

/// Line charts one below the other, as the text of a file.
#[must_use]
pub fn figure(title: &str, panels: &[Panel<'_>]) -> String {
    let (title, height) = (escape(title), panels.len() as f64 * HEIGHT + HEAD);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"><title>{title}</title><style>{}</style><rect class="paper" width="{WIDTH}" height="{height}"/><text x="{LEFT}" y="{TOP}">{title}</text>"#,
        include_str!("figure.css")
    );
    for (index, Panel { x, y, series }) in panels.iter().enumerate() {
        let top = index as f64 * HEIGHT + HEAD;
        let plot = plot(*x, *y, series, false);
        let _ = write!(out, r#"<g transform="translate(0 {top})">{plot}"#);
        for (colour, Series { name, .. }) in series.iter().enumerate() {
            let (place, name) = (TOP + 16.0 * colour as f64, escape(name));
            let right = WIDTH - RIGHT;
            let _ = write!(
                out,
                r#"<text class="c{colour}" x="{right}" y="{place}" text-anchor="end">{name}</text>"#
            );
        }
        out.push_str("</g>");
    }
    out + "</svg>\n"
}

/// The inside of a chart: axes and lines, with their points or without.
fn plot(x: Axis<'_>, y: Axis<'_>, series: &[Series], has_dots: bool) -> String {
    let points = || series.iter().flat_map(|series| series.points.iter());
    let xs = Scale::new(points().map(|p| p.0), x, LEFT, WIDTH - RIGHT);
    let ys = Scale::new(points().map(|p| p.1), y, HEIGHT - BOTTOM, TOP);
    let mut out = String::new();
    for tick in ys.ticks() {
        let place = ys.place(tick);
        let _ = write!(
            out,
            r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{place:.1}" y2="{place:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 8.0,
            place + 4.0,
            number(tick)
        );
    }
    for tick in xs.ticks() {
        let (place, base) = (xs.place(tick), HEIGHT - BOTTOM);
        let _ = write!(
            out,
            r#"<line class="axis" x1="{place:.1}" x2="{place:.1}" y1="{base}" y2="{:.1}"/><text x="{place:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            base + 5.0,
            base + 18.0,
            number(tick)
        );
    }
    let _ = write!(
        out,
        r#"<line class="axis" x1="{LEFT}" x2="{:.1}" y1="{:.1}" y2="{:.1}"/>"#,
        WIDTH - RIGHT,
        HEIGHT - BOTTOM,
        HEIGHT - BOTTOM
    );
    let _ = write!(
        out,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text transform="translate(14 {:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0,
        escape(x.label),
        (TOP + HEIGHT - BOTTOM) / 2.0,
        escape(y.label)
    );
    for (index, series) in series.iter().enumerate() {
        let colour = index % COLOURS;
        let place = |&(a, b): &(f64, f64)| (xs.place(a), ys.place(b));
        let path: Vec<String> =
            series.points.iter().map(place).map(|(a, b)| format!("{a:.1},{b:.1}")).collect();
        let _ = write!(out, r#"<polyline class="line c{colour}" points="{}"/>"#, path.join(" "));
        for point in series.points.iter().filter(|_| has_dots) {
            let (a, b) = place(point);
            let _ = write!(
                out,
                r#"<circle class="dot c{colour}" cx="{a:.1}" cy="{b:.1}" r="4"><title>{}: {}, {}</title></circle>"#,
                escape(&series.name),
                number(point.0),
                number(point.1)
            );
        }
    }
    out
}

/// Bars one below the other, each cut into the same parts.
#[must_use]
pub fn bars(title: &str, parts: &[&str], bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.parts.iter().sum::<f64>()).fold(0.0, f64::max);
    let room = WIDTH - RIGHT - LABELS;
    let mut out = open(title, bars.len() as f64 * BAR_STEP + 8.0);
    for (row, bar) in bars.iter().enumerate() {
        let top = row as f64 * BAR_STEP + 8.0;
        let _ = write!(
            out,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            LABELS - 8.0,
            top + BAR / 2.0 + 4.0,
            escape(&bar.label)
        );
        let mut left = LABELS;
        for (index, part) in bar.parts.iter().enumerate() {
            let width = if longest > 0.0 { part / longest * room } else { 0.0 };
            let name = parts.get(index).copied().unwrap_or_default();
            let _ = write!(
                out,
                r#"<rect class="part c{}" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{BAR}"><title>{}: {}</title></rect>"#,
                index % COLOURS,
                escape(name),
                number(*part)
            );
            left += width;
        }
    }
    out.push_str("</svg>");
    out + &legend(parts.iter().copied())
}

fn open(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}"><title>{title}</title>"#
    )
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let items = names.enumerate().fold(String::new(), |mut items, (index, name)| {
        let colour = index % COLOURS;
        let _ = write!(items, r#"<li><i class="c{colour}"></i>{}</li>"#, escape(name));
        items
    });
    format!(r#"<ul class="legend">{items}</ul>"#)
}

/// A number with three digits that count.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    match digits {
        ..=0 => format!("{value:.0}"),
        1..=9 => {
            let text = format!("{value:.*}", digits as usize);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.2e}"),
    }
}

/// Text that is no markup.
#[must_use]
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let numbers = [0.0, 1234.5, 12.34, 1.0, 0.5, 0.001_234, 1e-12].map(number);
        assert_eq!(numbers, ["0", "1234", "12.3", "1", "0.5", "0.00123", "1.00e-12"]);
    }

    #[test]
    fn axes_hold_their_values() {
        let linear = Axis { label: "", logarithmic: false };
        let scale = Scale::new([3.0, 40.0].into_iter(), linear, 0.0, 100.0);
        assert_eq!(scale.ticks(), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert!((scale.place(40.0) - 100.0 / 1.05).abs() < 1e-9);
        let powers = Axis { label: "", logarithmic: true };
        let scale = Scale::new([2.0, 150.0].into_iter(), powers, 0.0, 90.0);
        assert_eq!(
            scale.ticks().iter().map(|t| t.round()).collect::<Vec<_>>(),
            [1.0, 10.0, 100.0, 1000.0]
        );
        assert!((scale.place(10.0) - 30.0).abs() < 1e-9);
        // Nothing to show is no reason to fail.
        for axis in [linear, powers] {
            assert!(Scale::new(std::iter::empty(), axis, 0.0, 1.0).place(1.0).is_finite());
        }
    }

    #[test]
    fn names_are_text() {
        let series = Series { name: "<b>&".to_owned(), points: vec![(1.0, 1.0)] };
        let axis = Axis { label: "\"x\"", logarithmic: false };
        let chart = lines("a<b", axis, axis, std::slice::from_ref(&series));
        assert!(!chart.contains("<b>") && chart.contains("&lt;b&gt;&amp;"), "{chart}");
        let panel = Panel { x: axis, y: axis, series: vec![series.clone(), series] };
        let picture = figure("a<b", &[panel.clone(), panel]);
        assert!(!picture.contains("<b>") && picture.contains("&lt;b&gt;&amp;"), "{picture}");
        assert_eq!(picture.matches("<polyline").count(), 4);
        assert!(picture.contains(r#"viewBox="0 0 640 624""#) && picture.ends_with("</g></svg>\n"));
        let bar = Bar { label: "<i>".to_owned(), parts: vec![1.0, 3.0] };
        let chart = bars("", &["one", "two"], &[bar]);
        // 462 wide: a quarter and three.
        assert!(
            chart.contains(r#"width="115.5""#) && chart.contains(r#"width="346.5""#),
            "{chart}"
        );
        assert!(chart.contains("&lt;i&gt;"), "{chart}");
    }
}
