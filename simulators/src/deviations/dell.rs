//! Quirks of Dell's iDRAC 8, 9 and 10. The letters and numbers in the evidence are those of the list of field quirks; bodies
//! are as recorded where one is, otherwise in the shape of iDRAC's other errors.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Deviation,
    vendor::{is_system, vendor_message, vendor_says},
};
use crate::{
    firmware::{Facts, Ruling},
    machine::{
        Command::{PowerOff, PowerOn},
        Lasting, Override, Power, Refusal,
    },
    redfish::{Answer, Asked, Documents, Keeping, Success},
};

pub(super) const ROWS: &[Deviation] = &[
    // D14, README 43: PowerEdge R750, iDRAC 9 7.10.30 (recorded): the serial number of the board, the service tag as SKU.
    Deviation::named(
        "idrac-service-tag",
        "gives the board's serial number as SerialNumber, and the machine's own as SKU",
    )
    .on_tree(|tree| {
        for system in tree.of_kind("ComputerSystem").filter(|it| it["SerialNumber"].is_string()) {
            system["SKU"] = json!("$serial");
            system["SerialNumber"] = json!("$board-serial");
        }
    }),
    // README 26; openstack-k8s-operators/infra-operator#434: iDRAC 9, 409. No id is recorded; the text is the firmware's.
    Deviation::named("idrac-off-when-off", "refuses a power off of a host that is off, in iDRAC's words")
        .on_command(|command, facts| refused(command == PowerOff && facts.power == Power::Off))
        .on_answer(|asked, answer| {
            if asked.facts.power == Power::Off && conflicts(asked, answer, &["ForceOff"]) {
                *answer = conflict("Server is already powered OFF.", "ForceOff");
            }
        }),
    // README 26: iDRAC 9 and 10.
    Deviation::named("idrac-on-when-on", "refuses a power on of a host that is on, in iDRAC's words")
        .on_command(|command, facts| refused(command == PowerOn && facts.power == Power::On))
        .on_answer(|asked, answer| {
            if asked.facts.power == Power::On && conflicts(asked, answer, &["On", "ForceOn"]) {
                *answer = conflict("Server is already powered ON.", "On");
            }
        }),
    // P7: PowerEdge R740xd, iDRAC 9; quadsproject/badfish#10.
    Deviation::named("idrac-no-graceful-restart", "offers no GracefulRestart, and refuses it in iDRAC's words")
        .on_tree(|tree| super::quirks::disallow(tree, "ComputerSystem.Reset", "ResetType", "GracefulRestart"))
        .on_answer(|asked, answer| {
            if answer.status == 400 && asked_type(asked).as_deref() == Some("GracefulRestart") {
                let text = "Unable to complete the operation because the value GracefulRestart entered for the \
                            property ResetType is not in the list of acceptable values.";
                let args = ["GracefulRestart", "ResetType"];
                *answer = idrac(400, "Base.1.2.PropertyValueNotInList", text, &args, "Warning");
            }
        }),
    // B1: PowerEdge R570 and R470, iDRAC 10; ansible-collections/community.general#11297.
    Deviation::named(
        "idrac-boot-at-settings",
        "takes a boot override at the settings of the system only, where its values are listed too",
    )
    .on_tree(boot_at_settings)
    .on_change(|asked, body| {
        let is_boot = asked.method == "PATCH" && is_system(asked.path) && body.contains_key("Boot");
        is_boot.then(|| {
            let text = "The property Boot is a read-only property and cannot be assigned a value.";
            idrac(400, "Base.1.12.PropertyNotWritable", text, &["Boot"], "Warning")
        })
    }),
    // B18: PowerEdge R630, 2.75.75.75; sushy story 2008198.
    Deviation::named("idrac-reset-bios-needs-body", "refuses Bios.ResetBios without a body; {} will do")
        .on_tree(|tree| {
            // A recorded tree may leave the action out.
            for bios in tree.of_kind("Bios") {
                let target = format!("{}/Actions/Bios.ResetBios", bios["@odata.id"].as_str().unwrap_or_default());
                if bios["Actions"]["#Bios.ResetBios"].is_null() {
                    bios["Actions"]["#Bios.ResetBios"] = json!({"target": target});
                }
            }
        })
        .on_change(
        |asked, _| {
            let is_bare = asked.path.ends_with("/Bios.ResetBios") && asked.body.is_empty();
            is_bare.then(|| {
                let text = "Unable to complete the operation because the JSON data format entered is invalid.";
                idrac(400, "Base.1.2.MalformedJSON", text, &[], "Critical")
            })
        },
    ),
    // B11, README 30: iDRAC 8 and 9 up to 2.75.75.75.
    Deviation::named("idrac-continuous-works-twice", "uses a lasting override for two boots")
        .on_rules(|rules| {
            rules.left_by_boot = |it| {
                let once_more = Override { lasting: Lasting::Once, ..it };
                (it.lasting == Lasting::Continuous).then_some(once_more)
            }
        }),
    // E8: iDRAC 10; stmcginnis/gofish#510.
    Deviation::named("idrac-if-match-refused-on-actions", "refuses an action whose request has an If-Match")
        .on_change(|asked, _| {
            let has_tag = is_action(asked) && asked.header("If-Match").is_some();
            has_tag.then(|| {
                let text = "The ETag supplied did not match the ETag required to change this resource.";
                idrac(412, "Base.1.12.PreconditionFailed", text, &[], "Critical")
            })
        }),
    // S6: firmware 5.x, up to 20 s; sushy, connector.py.
    Deviation::named("idrac-no-data", "has no data to show for 20 s after it has restarted").on_request(
        |asked| {
            just_ready(&asked.facts, 20).then(|| {
                let text = "iDRAC is currently unable to display any information because data sources are \
                            unavailable.";
                idrac(503, "IDRAC.2.8.SYS518", text, &[], "Informational")
            })
        },
    ),
    // README 32: PowerEdge FC640, firmware 4.00; quadsproject/badfish#129.
    Deviation::named("idrac-not-ready", "is not ready for 30 s after it has restarted, and says so with 400")
        .on_request(|asked| {
            just_ready(&asked.facts, 30).then(|| {
                let text = "iDRAC is not ready. The configuration values cannot be accessed. Please retry after a \
                            few minutes.";
                idrac(400, "IDRAC.1.6.SWC0700", text, &[], "Critical")
            })
        }),
    // S1: 8 sessions; gofish#75, check_redfish#89.
    Deviation::named("idrac-sessions-full", "has eight sessions, and refuses a ninth in iDRAC's words")
        .on_policy(|policy| policy.session_limit = 8)
        .on_answer(|asked, answer| {
            if asked.is_login() && answer.status == 503 {
                let text = "The maximum number of user sessions is reached.";
                *answer = idrac(503, "IDRAC.2.4.RAC0218", text, &[], "Informational");
            }
        }),
    // S7: sushy, dell/asynchronous.py.
    Deviation::named("idrac-job-late", "answers a change with a task that is 404 for 10 s")
        .on_policy(|policy| policy.success = Success::Task)
        .on_answer(|asked, answer| {
            with_job(asked, answer, |age| (age < asked.facts.second * 10).then(|| gone(asked)))
        }),
    // S8: iDRAC 9 below 5.00.00.00; ironic.
    Deviation::named("idrac-job-vanishes", "answers a change with a task that is 404 after a minute")
        .on_policy(|policy| policy.success = Success::Task)
        .on_answer(|asked, answer| {
            with_job(asked, answer, |age| (age >= asked.facts.second * 60).then(|| gone(asked)))
        }),
    // S9: SimpleUpdate and others; ironic.
    Deviation::named("idrac-job-new", "answers a change with a task that is New while it runs")
        .on_policy(|policy| policy.success = Success::Task)
        .on_answer(|_, answer| {
            if let Some(state) = answer.document().and_then(|it| it.get_mut("TaskState"))
                && *state == "Running"
            {
                *state = json!("New");
            }
        }),
    // S11, S8; DellJob 1.5.0 (recorded: the schema); dell/iDRAC-Redfish-Scripting: the Location of a change is a job, not a task.
    Deviation::named("idrac-job-at-location", "answers a change with a job of Dell's, which is done 3 s later")
        .one_way_of("success")
        .on_policy(|policy| policy.success = Success::Task)
        .on_request(|asked| dell_job(asked, "Completed", "PR19", "Job completed successfully."))
        .on_answer(job_at_location),
    Deviation::named("idrac-job-fails", "answers a change with a job of Dell's, which fails 3 s later, and does nothing")
        .one_way_of("success")
        .on_policy(|policy| policy.success = Success::FailingTask)
        .on_request(|asked| dell_job(asked, "Failed", "PR21", "Job failed."))
        .on_answer(job_at_location),
    // S15: bmclib, providers/dell/firmware.go.
    Deviation::named("idrac-chunked-refused", "refuses a request whose body comes in chunks").on_request(
        |asked| {
            let is_chunked = asked.header("Transfer-Encoding").is_some();
            is_chunked.then(|| {
                let text = "Unable to complete the operation because the request has no Content-Length.";
                idrac(411, "Base.1.12.HeaderMissing", text, &["Content-Length"], "Critical")
            })
        },
    ),
    // D7: R750, iDRAC 9 7.10.30 (recorded); nv-redfish.
    Deviation::named("idrac-zero-dates", "gives dates of the year 0, and such as are none").on_answer(
        |_, answer| {
            let dates =
                [("LastResetTime", "0000-00-00T00:00:00+00:00"), ("ReleaseDate", "00:00:00Z")];
            for (name, date) in dates {
                if let Some(value) = answer.document().and_then(|it| it.get_mut(name)) {
                    *value = json!(date);
                }
            }
        },
    ),
    // D7: NetworkAdapter, iDRAC 9; nv-redfish.
    Deviation::named("idrac-controllers-object", "gives an adapter's controllers as an empty object").on_tree(
        |tree| {
            for adapter in tree.of_kind("NetworkAdapter") {
                adapter["Controllers"] = json!({});
            }
        },
    ),
    // R750, iDRAC 9 7.10.30 (recorded): IndicatorLED is Lit, LocationIndicatorActive is false.
    Deviation::named("idrac-led-lit-is-normal", "shows IndicatorLED as Lit while nothing is identified")
        .on_answer(|_, answer| {
            if let Some(document) = answer.document()
                && document["LocationIndicatorActive"] == json!(false)
                && let Some(led) = document.get_mut("IndicatorLED")
            {
                *led = json!("Lit");
            }
        }),
    // README 33: R770, iDRAC 10.
    Deviation::named("idrac-boot-options-unordered", "lists its boot options in another order than they boot")
        .on_tree(|tree| {
            for options in tree.of_kind("BootOptionCollection") {
                options["Members"].as_array_mut().into_iter().for_each(|members| members.reverse());
            }
        }),
    // README 31: what is set as Pxe is shown as the UEFI path that it became.
    Deviation::named("idrac-pxe-as-uefi-target", "shows an override to PXE as a UEFI path").on_answer(
        |_, answer| {
            if let Some(boot) = answer.document().and_then(|it| it.get_mut("Boot"))
                && boot["BootSourceOverrideTarget"] == "Pxe"
                && boot["BootSourceOverrideMode"] == "UEFI"
            {
                boot["BootSourceOverrideTarget"] = json!("UefiTarget");
                boot["UefiTargetBootSourceOverride"] = json!(PXE_PATH);
            }
        },
    ),
    // V7: ironic, boot.py: a slot is not free for seconds after an eject that was accepted.
    Deviation::named("idrac-eject-lingers", "shows a medium as inserted for 5 s after it was ejected, and takes no other")
        .on_change(|asked, _| {
            let is_early = asked.path.ends_with("/VirtualMedia.InsertMedia") && lingers(asked, slot(asked.path));
            is_early.then(|| {
                let text = "Unable to complete the operation because the virtual media is busy.";
                idrac(503, "Base.1.12.ResourceInUse", text, &[], "Warning")
            })
        })
        .on_answer(|asked, answer| {
            if asked.path.ends_with("/VirtualMedia.EjectMedia") && answer.status < 300 {
                asked.memory.keep(EJECTED, json!(slot(asked.path)), asked.facts.now);
            } else if asked.method == "GET"
                && lingers(asked, asked.path)
                && let Some(inserted) = answer.document().and_then(|it| it.get_mut("Inserted"))
            {
                *inserted = json!(true);
            }
        }),
    // V14: iDRAC 9 3.30; dell/iDRAC-Redfish-Scripting#60. No host below .invalid is ever there (RFC 6761 §6.4).
    Deviation::named("idrac-image-unreachable", "answers 500 where the host of an image cannot be reached").on_change(
        |_, body| {
            let image = body.get("Image").and_then(Value::as_str).unwrap_or_default();
            let host = image.split("//").nth(1).and_then(|it| it.split(['/', ':']).next()).unwrap_or_default();
            host.ends_with(".invalid").then(|| {
                let lost = "Unable to locate the ISO or IMG image file or folder in the network share location.";
                let failed = "The request failed due to an internal service error.  The service is still operational.";
                let said = vec![
                    vendor_message("IDRAC.1.6.SYS446", lost, &[], "Warning"),
                    vendor_message("Base.1.2.InternalError", failed, &[], "Critical"),
                ];
                vendor_says(500, "Base.1.2.GeneralError", GENERAL, said)
            })
        },
    ),
    // B17: ironic story 2008163.
    Deviation::named(
        "idrac-bios-needs-apply-time",
        "accepts settings of the BIOS that do not say when they apply, and forgets them",
    )
    .on_tree(|tree| {
        for bios in tree.of_kind("Bios").filter(|it| it["@Redfish.Settings"].is_object()) {
            bios["@Redfish.Settings"]["SupportedApplyTimes"] = json!(["OnReset"]);
        }
    })
    .on_change(|asked, body| {
        let forgets = asked.method == "PATCH"
            && asked.path.ends_with("/Bios/Settings")
            && !body.contains_key("@Redfish.SettingsApplyTime");
        forgets.then(|| {
            let done = vendor_message("Base.1.12.Success", "Successfully Completed Request", &[], "OK");
            Answer::ok(json!({"@Message.ExtendedInfo": [done]}))
        })
    }),
    // R750, iDRAC 9 7.10.30 (recorded: the link and the schema): what tells whether it is ready.
    Deviation::named(
        "idrac-lifecycle-service",
        "has a service of its own that tells whether it is ready, by an action of Dell's",
    )
    .on_tree(lifecycle_service),
    // README 41: accounts are slots to PATCH.
    Deviation::named(
        "idrac-no-new-accounts",
        "has slots for accounts that are always there, and refuses to make a new one or to delete one",
    )
    .on_policy(|policy| policy.accounts = Keeping::Slots)
    .on_answer(|asked, answer| {
        if answer.status == 405 && asked.path.contains("/Accounts") {
            let text =
                "Unable to complete the operation because the HTTP method is not allowed on this resource.";
            let allow = if asked.method == "POST" { "GET, HEAD" } else { "GET, HEAD, PATCH" };
            *answer = idrac(405, "Base.1.12.OperationNotAllowed", text, &[], "Critical").with_header("Allow", allow);
        }
    }),
    // R750, iDRAC 9 7.10.30 (recorded): accounts alone have an @odata.etag.
    Deviation::named("idrac-no-etag-in-documents", "writes no ETag into its documents, those of accounts aside")
        .on_answer(|_, answer| {
            if let Some(Value::Object(document)) = answer.document()
                && !super::vendor::is_of(document, &["ManagerAccount", "AccountService"])
            {
                document.shift_remove("@odata.etag");
            }
        }),
];

/// The first port of the network adapter, over IPv4.
const PXE_PATH: &str = "PciRoot(0x1)/Pci(0x1,0x0)/Pci(0x0,0x0)/MAC(02484D001001,0x1)/IPv4(0.0.0.0)";

const GENERAL: &str = "A general error has occurred. See ExtendedInfo for more information";
/// What was ejected last.
const EJECTED: &str = "idrac-ejected";

/// An error in iDRAC's shape.
fn idrac(status: u16, id: &str, text: &str, args: &[&str], severity: &str) -> Answer {
    let said = vendor_message(id, text, args, severity);
    vendor_says(status, "Base.1.12.GeneralError", GENERAL, vec![said])
}

fn conflict(text: &str, value: &str) -> Answer {
    idrac(409, "Base.1.12.ActionParameterValueConflict", text, &["ResetType", value], "Warning")
}

fn gone(asked: &Asked<'_>) -> Answer {
    let text =
        format!("Unable to complete the operation because the resource {} entered in not found.", asked.path);
    idrac(404, "IDRAC.2.8.SYS403", &text, &[asked.path], "Critical")
}

fn refused(applies: bool) -> Ruling {
    if applies { Ruling::Refuse(Refusal::Conflict) } else { Ruling::Pass }
}

fn is_action(asked: &Asked<'_>) -> bool {
    asked.method == "POST" && asked.path.contains("/Actions/")
}

/// The slot whose action this is.
fn slot(path: &str) -> &str {
    path.split("/Actions/").next().unwrap_or(path)
}

/// Whether this slot was emptied within the last 5 s.
fn lingers(asked: &Asked<'_>, slot: &str) -> bool {
    let age = asked.memory.age(EJECTED, asked.facts.now);
    asked.memory.kept(EJECTED).is_some_and(|it| it == slot)
        && age.is_some_and(|it| it < asked.facts.second * 5)
}

/// The `ResetType` that was asked for.
fn asked_type(asked: &Asked<'_>) -> Option<String> {
    if !is_action(asked) {
        return None;
    }
    asked.document()?["ResetType"].as_str().map(str::to_owned)
}

fn conflicts(asked: &Asked<'_>, answer: &Answer, types: &[&str]) -> bool {
    answer.status == 409 && asked_type(asked).is_some_and(|it| types.contains(&it.as_str()))
}

/// Whether the BMC came back from a restart within the last seconds.
fn just_ready(facts: &Facts, seconds: u32) -> bool {
    let since = facts.ready_since.map(|since| facts.now.saturating_sub(since));
    since.is_some_and(|since| since < facts.second * seconds)
}

/// Remembers the task that a change is answered with, and rewrites what is said of it, given its age.
fn with_job(asked: &Asked<'_>, answer: &mut Answer, say: impl FnOnce(Duration) -> Option<Answer>) {
    const JOB: &str = "idrac-job";
    if answer.status == 202 && asked.method != "GET" {
        let job = answer.document().map_or(Value::Null, |it| json!([it["@odata.id"], it["TaskMonitor"]]));
        asked.memory.keep(JOB, job, asked.facts.now);
        return;
    }
    let is_it = asked
        .memory
        .kept(JOB)
        .is_some_and(|job| job.as_array().is_some_and(|paths| paths.iter().any(|path| path == asked.path)));
    let age = asked.memory.age(JOB, asked.facts.now).filter(|_| is_it && asked.method == "GET");
    age.and_then(say).into_iter().for_each(|other| *answer = other);
}

/// Every system that can be reset gets settings, which have what can be written of its `Boot`.
fn boot_at_settings(tree: &mut Documents) {
    let systems: Vec<(String, Value)> = tree
        .iter()
        .filter(|(_, it)| it.pointer("/Actions/#ComputerSystem.Reset").is_some())
        .map(|(path, it)| (path.to_owned(), it.clone()))
        .collect();
    for (path, system) in systems {
        let listed = ["Enabled", "Target", "Mode"].map(|part| format!("BootSourceOverride{part}"));
        let boot: Map<String, Value> =
            listed.iter().flat_map(|name| offered(&system["Boot"], name)).collect();
        let settings = format!("{path}/Settings");
        let document = json!({
            "@odata.id": settings,
            "@odata.type": system["@odata.type"],
            "Id": "Settings",
            "Name": "System",
            "@Redfish.SettingsApplyTime": {"@odata.type": "#Settings.v1_3_5.PreferredApplyTime", "ApplyTime": "OnReset"},
            "Boot": boot,
        });
        tree.add(&settings, document);
        let link = json!({
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": {"@odata.id": settings},
            "SupportedApplyTimes": ["OnReset"],
        });
        let unlisted: Map<_, _> =
            listed.iter().map(|name| (format!("{name}@Redfish.AllowableValues"), Value::Null)).collect();
        tree.merge(&path, &json!({"@Redfish.Settings": link, "Boot": unlisted}));
    }
}

const JOBS: &str = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/Jobs";
/// The number of the job that a change was answered with last.
const NUMBER: &str = "idrac-job-number";

/// A change that has become a task leads to a job instead, and says nothing more.
fn job_at_location(asked: &Asked<'_>, answer: &mut Answer) {
    if asked.method == "GET" || answer.status != 202 {
        return;
    }
    let number = asked.memory.kept(NUMBER).and_then(|it| it.as_u64()).unwrap_or(471_269_252_010) + 1;
    asked.memory.keep(NUMBER, json!(number), asked.facts.now);
    *answer = Answer::no_content().with_status(202).with_header("Location", format!("{JOBS}/JID_{number}"));
}

/// The job that was made last: it runs for 3 s, and then ends like this. Its state is all that tells how.
fn dell_job(asked: &Asked<'_>, end: &str, id: &str, message: &str) -> Option<Answer> {
    let number = asked.memory.kept(NUMBER)?.as_u64()?;
    let name = asked.path.strip_prefix(JOBS)?.strip_prefix('/')?;
    let age = asked.memory.age(NUMBER, asked.facts.now).filter(|_| asked.method == "GET")?;
    let is_over = age >= asked.facts.second * 3;
    let (state, id, message) =
        if is_over { (end, id, message) } else { ("Running", "PR20", "Job in progress.") };
    (name == format!("JID_{number}")).then(|| {
        Answer::ok(json!({
            "@odata.id": asked.path,
            "@odata.type": "#DellJob.v1_5_0.DellJob",
            "Id": name,
            "Name": "Configure",
            "JobState": state,
            "MessageId": id,
            "Message": message,
            "PercentComplete": if is_over { 100 } else { 0 },
        }))
    })
}

/// Every manager gets Dell's service, and links it.
fn lifecycle_service(tree: &mut Documents) {
    let is_manager = |it: &Value| it["@odata.type"].as_str().is_some_and(|it| it.starts_with("#Manager."));
    let managers: Vec<String> =
        tree.iter().filter(|(_, it)| is_manager(it)).map(|(path, _)| path.to_owned()).collect();
    for manager in managers {
        let path = format!("{manager}/Oem/Dell/DellLCService");
        let action = "DellLCService.GetRemoteServicesAPIStatus";
        let document = json!({
            "@odata.id": path,
            "@odata.type": "#DellLCService.v1_7_1.DellLCService",
            "Id": "DellLCService",
            "Name": "DellLCService",
            "Actions": {format!("#{action}"): {"target": format!("{path}/Actions/{action}")}},
        });
        tree.add(&path, document);
        let link = json!({"Dell": {"DellLCService": {"@odata.id": path}}});
        tree.merge(&manager, &json!({"Links": {"Oem": link}}));
    }
}

/// A property of `Boot` and the values that it offers.
fn offered(boot: &Value, name: &str) -> Vec<(String, Value)> {
    let list = format!("{name}@Redfish.AllowableValues");
    let known = [(name.to_owned(), boot[name].clone()), (list.clone(), boot[&list].clone())];
    known.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
