//! Virtual media: images that the BMC shows to the host as if somebody had put a disc or a stick in.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{Secret, words};

/// What an image is shown to the host as (DSP0268 VirtualMedia.MediaTypes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// A CD.
    Cd,
    /// A DVD.
    Dvd,
    /// A USB stick.
    UsbStick,
    /// A floppy disk.
    Floppy,
}
words!(MediaKind { Cd = "cd", Dvd = "dvd", UsbStick = "usb-stick", Floppy = "floppy" });

/// A slot by the BMC's own ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaSlotId(pub String);

impl fmt::Display for MediaSlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A slot that takes one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MediaSlot {
    /// Its ID.
    pub id: MediaSlotId,
    /// What it can be to the host; empty when the BMC does not say.
    #[serde(default)]
    pub kinds: BTreeSet<MediaKind>,
    /// Whether an image is in it.
    pub inserted: bool,
    /// Where the image comes from; absent when there is none, or the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whether the host may only read it; absent when the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_protected: Option<bool>,
}

/// An image to be inserted, for reading only. It may hold a secret, so that it is neither read from a text nor written to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertMedia {
    /// The slot; `None` takes the first empty one of that kind.
    pub slot: Option<MediaSlotId>,
    /// What it is to be to the host.
    pub kind: MediaKind,
    /// Where it comes from: a URI with a scheme, such as `https://images/rescue.iso`, without user and password.
    pub image: String,
    /// As whom it is fetched.
    pub user: Option<String>,
    /// The password for that.
    pub password: Option<Secret>,
}
