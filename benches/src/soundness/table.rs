//! The report as text.

use std::fmt::Write;

use cairn_circuits::{
    config::PROVABLE_BITS_TARGET,
    soundness::{LayerSecurity, Regime, RegimeSecurity},
};

/// One row a layer, then one table a layer with a row for each of its terms.
#[must_use]
pub fn of(layers: &[LayerSecurity]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, layers);
    out
}

fn write(out: &mut String, layers: &[LayerSecurity]) -> std::fmt::Result {
    for regime in Regime::ALL {
        let note = if regime.is_headline() { "" } else { " (young: no layer rests on it)" };
        writeln!(out, "{regime}: {}{note}", regime.source())?;
    }
    writeln!(
        out,
        "\nprovable bits; a layer with fewer than {PROVABLE_BITS_TARGET} is not built\n"
    )?;
    heading(out, "layer", "best")?;
    for layer in layers {
        let cells = layer.regimes.iter().map(|security| security.bits);
        row(out, &layer.layer, &format!("{:.1}", layer.provable_bits), cells.map(Some))?;
    }
    for layer in layers {
        let LayerSecurity { layer: name, provable_bits, regime, limiting_term, .. } = layer;
        writeln!(out, "\n{name}: {provable_bits:.1} bits ({regime}), limited by {limiting_term}")?;
        heading(out, "term", "")?;
        for (term, _) in &layer.regimes[0].terms {
            let bits = |security: &RegimeSecurity| {
                let mut terms = security.terms.iter();
                terms.find(|(name, _)| name == term).map(|(_, bits)| *bits)
            };
            row(out, &term.to_string(), "", layer.regimes.iter().map(bits))?;
        }
        let multiplicity = |security: &RegimeSecurity| security.multiplicity.map(f64::from);
        write!(out, "{:<34}", "multiplicity")?;
        for cell in layer.regimes.iter().map(multiplicity) {
            write!(out, "{:>17}", cell.map_or_else(String::new, |m| m.to_string()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn heading(out: &mut String, what: &str, best: &str) -> std::fmt::Result {
    writeln!(
        out,
        "{what:<26}{best:>8}{:>17}{:>17}{:>17}{:>17}",
        "unique, BCIKS20", "unique, BCHKS25", "Johnson, BCHKS25", "Johnson, DKT26"
    )
}

fn row(
    out: &mut String,
    name: &str,
    best: &str,
    cells: impl Iterator<Item = Option<f64>>,
) -> std::fmt::Result {
    write!(out, "{name:<26}{best:>8}")?;
    for cell in cells {
        write!(out, "{:>17}", cell.map_or_else(String::new, |bits| format!("{bits:.1}")))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use cairn_circuits::recursion::shape;

    use super::*;

    #[test]
    fn every_term_and_every_regime_has_a_place() {
        let layer = shape::security();
        let table = of(std::slice::from_ref(&layer));
        for regime in Regime::ALL {
            assert!(table.contains(&format!("{regime}: {}", regime.source())), "{table}");
        }
        for (term, bits) in &layer.at(Regime::JohnsonBchks25).terms {
            let line = table.lines().find(|line| line.starts_with(&term.to_string()));
            assert!(line.unwrap().contains(&format!("{bits:.1}")), "{table}");
        }
        assert!(table.lines().all(|line| line.len() <= 120), "{table}");
    }
}
