//! A table of figures, as Markdown.

use super::measure::Figure;
use std::fmt;

/// What was measured of one kind of work.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    about: String,
    unit: String,
    rows: Vec<(String, Vec<Figure>)>,
    goals: Vec<Goal>,
    bound: &'static str,
}

/// A ratio that should not be larger than a number.
#[derive(Debug)]
pub(crate) struct Goal {
    what: String,
    figure: Option<f64>,
    most: f64,
}

impl Goal {
    /// A ratio, and the most it should be; nothing where one side could not be measured.
    pub(crate) fn most(what: &str, figure: Option<f64>, most: f64) -> Goal {
        Goal { what: what.to_owned(), figure, most }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(title: &str, about: &str, unit: &str) -> Table {
        Table {
            title: title.into(),
            about: about.into(),
            unit: unit.into(),
            rows: Vec::new(),
            goals: Vec::new(),
            bound: "",
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, figures: Vec<Figure>) {
        self.rows.push((name.to_owned(), figures));
    }

    /// Adds a goal.
    pub(crate) fn goal(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    /// Says what bounds the goals that are not met, as profiles show it.
    pub(crate) fn bounded_by(&mut self, what: &'static str) {
        self.bound = what;
    }

    /// The name of a row.
    pub(crate) fn name(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| &row.0)
    }

    /// What was measured in a column of a row.
    pub(crate) fn figure(&self, row: usize, column: usize) -> Option<&Figure> {
        self.rows.get(row)?.1.get(column)
    }

    /// A contender's median in a row.
    pub(crate) fn median(&self, row: usize, who: &str) -> Option<f64> {
        let figure = self.rows.get(row)?.1.iter().find(|figure| figure.who == who)?;
        Some(figure.median)
    }

    /// One contender's median by another's.
    pub(crate) fn ratio(&self, row: usize, this: &str, that: &str) -> Option<f64> {
        Some(self.median(row, this)? / self.median(row, that)?)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title, self.about)?;
        let Some(most) = self.rows.iter().map(|row| &row.1).max_by_key(|row| row.len()) else {
            return Ok(());
        };
        write!(f, "| {} |", self.unit)?;
        for figure in most {
            write!(f, " {} | least … most |", figure.who)?;
        }
        writeln!(f, "\n| --- |{}", " ---: | ---: |".repeat(most.len()))?;
        for (name, figures) in &self.rows {
            write!(f, "| {name} |")?;
            for figure in figures {
                let [median, least, most] =
                    [figure.median, figure.least, figure.most].map(three_digits);
                write!(f, " {median} | {least} … {most} |")?;
            }
            writeln!(f)?;
        }
        if self.goals.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n| ratio | figure | goal | |\n| --- | ---: | ---: | --- |")?;
        for goal in &self.goals {
            let (figure, met) = match goal.figure {
                None => ("not measured".to_owned(), ""),
                Some(figure) if figure <= goal.most => (three_digits(figure), "met"),
                Some(figure) => (three_digits(figure), "not met"),
            };
            writeln!(f, "| {} | {figure} | ≤ {} | {met} |", goal.what, goal.most)?;
        }
        let is_unmet = |goal: &Goal| goal.figure.is_some_and(|figure| figure > goal.most);
        if self.goals.iter().any(is_unmet) && !self.bound.is_empty() {
            writeln!(f, "\n**What bounds it.** {}", self.bound)?;
        }
        Ok(())
    }
}

/// A number with three digits that count.
fn three_digits(number: f64) -> String {
    let digits = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    format!("{number:.digits$}")
}
