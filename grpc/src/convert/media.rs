//! Virtual media and the host's firmware as messages and back.

use halmark::{
    Bios, BiosAttribute, BiosChanges, BiosValue, InsertMedia, MediaSlot, MediaSlotId, Secret, SecureBoot,
};

use super::given;
use crate::{
    failure::Odd,
    pb::{self, bios_value::Kind},
    words::{number, value, values},
};

impl From<MediaSlot> for pb::MediaSlot {
    fn from(it: MediaSlot) -> Self {
        Self {
            id: it.id.0,
            kinds: it.kinds.into_iter().map(number).collect(),
            inserted: it.inserted,
            image: it.image,
            write_protected: it.write_protected,
        }
    }
}

impl TryFrom<pb::MediaSlot> for MediaSlot {
    type Error = Odd;

    fn try_from(it: pb::MediaSlot) -> Result<Self, Odd> {
        Ok(Self {
            id: MediaSlotId(it.id),
            kinds: values(&it.kinds)?,
            inserted: it.inserted,
            image: it.image,
            write_protected: it.write_protected,
        })
    }
}

impl From<&InsertMedia> for pb::NewMedia {
    fn from(it: &InsertMedia) -> Self {
        Self {
            slot: it.slot.clone().map(|slot| slot.0),
            kind: number(it.kind),
            image: it.image.clone(),
            user: it.user.clone(),
            password: it.password.as_ref().map(|it| it.reveal().to_vec()),
        }
    }
}

impl TryFrom<pb::NewMedia> for InsertMedia {
    type Error = Odd;

    fn try_from(it: pb::NewMedia) -> Result<Self, Odd> {
        Ok(Self {
            slot: it.slot.map(MediaSlotId),
            kind: value(it.kind)?,
            image: it.image,
            user: it.user,
            password: it.password.map(Secret::new),
        })
    }
}

fn setting(it: BiosValue) -> pb::BiosValue {
    let kind = match it {
        BiosValue::Flag(flag) => Kind::Flag(flag),
        BiosValue::Number(number) => Kind::Number(number),
        BiosValue::Text(text) => Kind::Text(text),
    };
    pb::BiosValue { kind: Some(kind) }
}

fn told_setting(it: pb::BiosValue) -> Result<BiosValue, Odd> {
    Ok(match given(it.kind, "the setting's value")? {
        Kind::Flag(flag) => BiosValue::Flag(flag),
        Kind::Number(number) => BiosValue::Number(number),
        Kind::Text(text) => BiosValue::Text(text),
    })
}

impl From<Bios> for pb::Bios {
    fn from(it: Bios) -> Self {
        let attributes = it.attributes.into_iter().map(|it| pb::BiosAttribute {
            name: it.name,
            value: it.value.map(setting),
            pending: it.pending.map(setting),
        });
        let secure_boot = it.secure_boot.map(|it| pb::SecureBoot { enabled: it.enabled, active: it.active });
        Self { attributes: attributes.collect(), secure_boot }
    }
}

impl TryFrom<pb::Bios> for Bios {
    type Error = Odd;

    fn try_from(it: pb::Bios) -> Result<Self, Odd> {
        let attributes = it.attributes.into_iter().map(|it| {
            Ok(BiosAttribute {
                name: it.name,
                value: it.value.map(told_setting).transpose()?,
                pending: it.pending.map(told_setting).transpose()?,
            })
        });
        let secure_boot = it.secure_boot.map(|it| SecureBoot { enabled: it.enabled, active: it.active });
        Ok(Self { attributes: attributes.collect::<Result<_, Odd>>()?, secure_boot })
    }
}

/// What settings shall be.
pub(crate) fn changes(to: &BiosChanges) -> std::collections::HashMap<String, pb::BiosValue> {
    to.iter().map(|(name, to)| (name.clone(), setting(to.clone()))).collect()
}

/// What settings shall be, in the order of their names.
pub(crate) fn told_changes(
    told: std::collections::HashMap<String, pb::BiosValue>,
) -> Result<BiosChanges, Odd> {
    told.into_iter().map(|(name, to)| Ok((name, told_setting(to)?))).collect()
}
