//! Deviations of logging in and out.

use super::Deviation;
use crate::redfish::{Checked, Login, Logout};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("any-password", "accepts any password of a user that exists")
        .on_policy(|policy| policy.passwords = Checked::No),
    Deviation::named("logout-ignored", "answers a logout with 204 and keeps the session alive")
        .on_policy(|policy| policy.logout = Logout::Ignored),
    Deviation::named("token-never-checked", "takes any X-Auth-Token for a session")
        .on_policy(|policy| policy.tokens = Checked::No),
    Deviation::named("four-sessions", "lets four sessions be open at a time")
        .on_policy(|policy| policy.session_limit = 4),
    Deviation::named("basic-only", "has no session service")
        .on_policy(|policy| policy.login = Login::BasicOnly)
        .on_tree(|tree| tree.remove("/redfish/v1/SessionService")),
    Deviation::named("session-only", "refuses HTTP Basic")
        .on_policy(|policy| policy.login = Login::SessionOnly),
    Deviation::named("absolute-location", "gives a session's Location as an absolute URL").on_answer(
        |asked, answer| {
            if asked.is_login() {
                answer.header("Location").into_iter().for_each(|at| at.insert_str(0, asked.origin));
            }
        },
    ),
    Deviation::named("no-location", "answers a login without a Location").on_answer(|asked, answer| {
        if asked.is_login() {
            answer.headers.retain(|(name, _)| *name != "Location");
        }
    }),
    Deviation::named("session-answers-200", "answers a login with 200 in place of 201").on_answer(
        |asked, answer| {
            if asked.is_login() && answer.status == 201 {
                answer.status = 200;
            }
        },
    ),
];
