//! Reads a BMC into its row: `halmark bmc update`.

use halmark::{
    Deadline, DriverError,
    inventory::{Mac, StoreError, survey},
};

use super::{
    changed, now,
    place::{Table, unusable},
};
use crate::cli::{
    complain,
    hal::{self, Door, exit},
};

/// Reads the BMC by its driver and puts what it says into its row; what went wrong is in the row too.
pub(super) fn look(door: &Door, table: &Table, mac: Mac) -> Result<u8, u8> {
    // What was said of accounts and certificates is in the row already.
    let asking = Door {
        endpoint: Vec::new(),
        user: None,
        password_file: None,
        ca: None,
        pin: None,
        insecure: false,
        suite: None,
        kg_file: None,
        bmc: Some(mac.to_string()),
        ..door.clone()
    };
    let meant = asking.meant()?;
    Ok(table.wait(hal::uninterrupted(async {
        let by = Deadline::after(door.timeout);
        let driver = match hal::reached(&meant, by, door.output).await {
            Ok(driver) => driver,
            Err((code, why)) => {
                let failed = note_failure(table, mac, why).await;
                return failed.err().unwrap_or(code);
            }
        };
        let told = async |error: &DriverError| {
            let failed = note_failure(table, mac, error.to_string()).await;
            let code = hal::failed(error, &meant.driver, &hal::endpoint(&asking), door.output);
            failed.err().unwrap_or(code)
        };
        let surveyed = survey::survey(driver.as_ref(), by).await;
        driver.close().await;
        match surveyed {
            Ok(survey) if survey.protocols.is_empty() && !survey.failures.is_empty() => {
                survey.failures.iter().skip(1).for_each(|it| complain(&format!("note: not read: {it}\n")));
                told(&survey.failures[0]).await
            }
            Ok(survey) => note(door, table, mac, survey).await.unwrap_or_else(|code| code),
            Err(error) => told(&error).await,
        }
    })))
}

async fn note(door: &Door, table: &Table, mac: Mac, survey: survey::Survey) -> Result<u8, u8> {
    if survey.protocols.is_empty() && survey.failures.is_empty() {
        complain("note: the driver reads nothing\n");
        return Ok(changed(door));
    }
    let failures: Vec<DriverError> = survey.failures.clone();
    let put = table.store.change(|rows| {
        let Some(mut row) = rows.get(mac).cloned() else { return Ok(None) };
        let remarks = survey.into_row(&mut row, now());
        rows.put(row, now());
        Ok::<_, StoreError>(Some(remarks))
    });
    let Some(remarks) = put.await.map_err(|e| unusable(&e))? else {
        complain("error: the BMC was taken out of the inventory in the meantime\n");
        return Err(exit::STATE);
    };
    remarks.iter().for_each(|it| complain(&format!("note: {it}\n")));
    failures.iter().for_each(|it| complain(&format!("note: not read: {it}\n")));
    Ok(changed(door))
}

async fn note_failure(table: &Table, mac: Mac, error: String) -> Result<(), u8> {
    let put = table.store.change(|rows| {
        if let Some(mut row) = rows.get(mac).cloned() {
            row.status.last_error = Some(error);
            rows.put(row, now());
        }
        Ok::<_, StoreError>(())
    });
    put.await.map_err(|e| unusable(&e))
}
