//! What is searched for.

use crate::wire_enum;

wire_enum! {
    /// Where the middle of a search is.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum From<'a> {
        /// FROMMEMBER: where a member is.
        0 => Member {
            /// The member.
            member: &'a [u8],
        },
        /// FROMLONLAT: a place.
        1 => Place {
            /// Its longitude in degrees.
            longitude: f64,
            /// Its latitude in degrees.
            latitude: f64,
        },
    }
}

wire_enum! {
    /// What is searched, in the unit of the search.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Shape {
        /// BYRADIUS: all around.
        0 => Circle {
            /// How far.
            radius: f64,
        },
        /// BYBOX: along the axes.
        1 => Box {
            /// From west to east.
            width: f64,
            /// From north to south.
            height: f64,
        },
    }
}

wire_enum! {
    /// Which places are wanted.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Search<'a> {
        /// The only form.
        1 => Is {
            /// Around what.
            from: From<'a>,
            /// How far around.
            shape: Shape,
            /// How many meters the unit of all distances has.
            unit: f64,
            /// COUNT: at most so many; 0: all.
            count: u64,
            /// ANY: not the nearest, but those that are found first.
            any: bool,
            /// ASC: the nearest first; DESC: the farthest first; none: in no order.
            nearest_first: Option<bool>,
        },
    }
}
