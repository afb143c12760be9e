//! How a sensor is called where there is room for 16 letters (IPMI v2.0 §43.15).

/// Words, and how they are shortened; the order matters.
const SHORT: &[(&str, &str)] = &[
    ("Temperature", "Temp"),
    ("Power Supply ", "PSU"),
    ("PowerSupply", "PSU"),
    ("Network Adapter ", "NIC"),
    ("System Board", "MB"),
    ("Controller", "Ctrl"),
    ("Voltage", "Volt"),
    ("Redundancy", "Redun"),
    ("Input Power", "Pin"),
    ("Output Power", "Pout"),
    ("Input Volt", "Vin"),
    ("Output Volt", "Vout"),
    ("Processor", "CPU"),
    ("Battery", "Batt"),
];

/// The most that a name can have here.
const MOST: usize = 16;

/// A name of at most 16 letters for this one, none of those that there are.
pub(super) fn short(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let ascii: String =
        name.chars().map(|it| if it.is_ascii_graphic() || it == ' ' { it } else { '_' }).collect();
    let mut short = ascii.trim().to_owned();
    for (word, instead) in SHORT {
        if short.len() <= MOST {
            break;
        }
        short = short.replace(word, instead);
    }
    short.truncate(MOST);
    let mut found = short.trim_end().to_owned();
    let mut count = 2;
    while found.is_empty() || taken(&found) {
        let end = format!(" {count}");
        found = format!("{}{end}", &short[..short.len().min(MOST - end.len())]);
        count += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_shortened_and_a_short_one_kept() {
        let short = |name| short(name, |_| false);
        assert_eq!(short("Fan 1"), "Fan 1");
        assert_eq!(short("Inlet Temperature"), "Inlet Temp");
        assert_eq!(short("Power Supply 1 Input Voltage"), "PSU1 Input Volt");
        assert_eq!(short("Größe"), "Gr__e");
    }

    #[test]
    fn no_name_is_given_twice() {
        let taken = ["A Very Long Name".to_owned()];
        let other = short("A Very Long Name of Something", |it| taken.contains(&it.to_owned()));
        assert_eq!(other, "A Very Long Na 2");
    }
}
