//! The walk: breadth first, every place once, in the order in which the documents name them.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use super::{
    End, Endpoint, Login, Options, Progress, ROOT, RecordError, Report,
    answer::{Answer, Content},
    client::{Client, Fault},
    links::{self, Lead, Target, lead},
    manifest::{Failure, Story},
    patience::TRIES,
    redact::{Kind, Redaction},
    session,
    tree::{Entry, Kept, Tree},
};

/// Where every walk begins (DSP0266, "URIs").
const STARTS: [&str; 4] = ["/redfish", ROOT, "/redfish/v1/odata", "/redfish/v1/$metadata"];

/// So many places in a row without an answer are a service that is gone.
const GONE: u32 = 5;

type Observer<'o> = &'o mut (dyn FnMut(Progress) + Send);

/// One walk over a service.
pub(super) struct Crawl<'a> {
    options: &'a Options,
    endpoint: &'a Endpoint,
    redaction: Redaction,
    tree: &'a mut Tree,
    /// Where sessions are opened.
    sessions: String,
    queue: VecDeque<(Target, u32)>,
    seen: HashSet<String>,
    held: Vec<Held>,
    story: Story,
    recorded: usize,
    asked: usize,
    unanswered: u32,
    /// Whether something was answered in this session: only then is another opened when it has ended.
    session_worked: bool,
}

/// An entry that waits for what is learned later; its document as text, since that is smaller.
struct Held {
    entry: Entry,
    document: Option<String>,
}

impl<'a> Crawl<'a> {
    pub(super) fn new(
        options: &'a Options,
        endpoint: &'a Endpoint,
        mut redaction: Redaction,
        tree: &'a mut Tree,
        sessions: String,
    ) -> Self {
        redaction.hide_sessions(sessions.clone());
        if let Login::Session(account) | Login::Basic(account) = &endpoint.login {
            redaction.learn_as(Kind::Names, &account.user);
        }
        redaction.learn_text(&endpoint.host);
        redaction.learn_as(Kind::Names, &endpoint.host);
        Self {
            options,
            endpoint,
            redaction,
            tree,
            sessions,
            queue: VecDeque::new(),
            seen: HashSet::new(),
            held: Vec::new(),
            story: Story::default(),
            recorded: 0,
            asked: 0,
            unanswered: 0,
            session_worked: false,
        }
    }

    /// Asks for every place until there is none left, or a limit is reached. It may be dropped at any time.
    pub(super) async fn run(
        &mut self,
        client: &mut Client,
        observer: Observer<'_>,
    ) -> Result<End, RecordError> {
        for start in STARTS {
            self.follow(start, 0);
        }
        while let Some((target, depth)) = self.queue.pop_front() {
            if self.asked == self.options.max_resources {
                self.queue.push_front((target, depth));
                return Ok(End::Limit);
            }
            self.asked += 1;
            let came = self.ask(client, &target, observer).await;
            self.unanswered = if came.is_ok() { 0 } else { self.unanswered + 1 };
            match came {
                Ok(answer) => self.take(&target, depth, answer)?,
                Err(fault) => self.miss(&target, &fault),
            }
            observer(self.progress(None));
            if self.unanswered == GONE {
                return Ok(End::Unreachable);
            }
        }
        Ok(End::Complete)
    }

    /// Writes what was held back, and tells the story.
    pub(super) fn finish(mut self, end: End) -> Result<(Report, Story), RecordError> {
        for Held { mut entry, document } in std::mem::take(&mut self.held) {
            if let Some(document) = document {
                let document = serde_json::from_str(&document).expect("it was written from a document");
                entry.content = Content::Json(document);
            }
            self.write(entry)?;
        }
        let Self { mut story, mut redaction, .. } = self;
        story.failures.iter_mut().for_each(|it| it.path = redaction.text(&it.path));
        story.renamed = story.renamed.iter().map(|(at, path)| (at.clone(), redaction.text(path))).collect();
        story.service.clean(|text| redaction.text(text));
        story.replaced = redaction.replaced.clone();
        story.nulled = redaction.nulled;
        let (recorded, refused) = (self.recorded, story.failures.len());
        // Who was stopped was asking for one that is neither here nor there.
        let left = self.queue.len() + usize::from(end == End::Interrupted);
        Ok((Report { end, recorded, refused, left, took: Duration::ZERO }, story))
    }

    fn progress(&self, waiting: Option<Duration>) -> Progress {
        let (recorded, refused) = (self.recorded, self.story.failures.len());
        Progress { recorded, refused, open: self.queue.len(), waiting }
    }

    /// Remembers a link that was not seen before.
    fn follow(&mut self, link: &str, depth: u32) {
        if self.options.depth.is_some_and(|deepest| depth > deepest) {
            return;
        }
        match lead(link, self.endpoint) {
            Ok(Lead::To(target)) => {
                if !self.redaction.is_session(&target.key) && self.seen.insert(target.key.clone()) {
                    self.queue.push_back((target, depth));
                }
            }
            Ok(Lead::Elsewhere) => {}
            Err(links::Unusable) => {
                if self.seen.insert(link.to_owned()) {
                    let path = link.escape_debug().to_string();
                    self.story.failures.push(Failure {
                        path,
                        cause: "unusable-link",
                        status: None,
                        tries: 0,
                    });
                }
            }
        }
    }

    /// Asks as often as it makes sense: anew where the session has ended, and once where the service wants the same place
    /// spelled otherwise.
    async fn ask(
        &mut self,
        client: &mut Client,
        target: &Target,
        observer: Observer<'_>,
    ) -> Result<Answer, Fault> {
        let mut answer = self.get(client, &target.request, observer).await?;
        if answer.status == 401 && self.session_worked && matches!(self.endpoint.login, Login::Session(_)) {
            self.session_worked = false;
            if session::log_in_again(client, self.endpoint, &self.sessions).await.is_ok() {
                answer = self.get(client, &target.request, observer).await?;
            }
        }
        if let Some(other) = self.other_spelling(&answer, target) {
            answer = self.get(client, &other, observer).await?;
        }
        self.session_worked |= answer.status == 200;
        Ok(answer)
    }

    async fn get(
        &mut self,
        client: &mut Client,
        path: &str,
        observer: Observer<'_>,
    ) -> Result<Answer, Fault> {
        let so_far = self.progress(None);
        client.patient_get(path, &mut |wait| observer(Progress { waiting: Some(wait), ..so_far })).await
    }

    fn other_spelling(&self, answer: &Answer, target: &Target) -> Option<String> {
        let location = answer.header("location").filter(|_| (300..400).contains(&answer.status))?;
        match lead(location, self.endpoint) {
            Ok(Lead::To(other)) if other.key == target.key && other.request != target.request => {
                Some(other.request)
            }
            _ => None,
        }
    }

    /// Follows and keeps an answer.
    fn take(&mut self, target: &Target, depth: u32, answer: Answer) -> Result<(), RecordError> {
        if answer.is_resource() {
            self.recorded += 1;
        } else {
            let (cause, status, tries) = (answer.refusal(), Some(answer.status), answer.tries);
            self.story.failures.push(Failure { path: target.key.clone(), cause, status, tries });
        }
        if (300..400).contains(&answer.status) {
            answer.header("location").into_iter().for_each(|link| self.follow(link, depth));
        }
        if let (true, Content::Json(document)) = (answer.is_resource(), &answer.body) {
            self.story.service.read(document);
            for link in links::links(document) {
                self.follow(link, depth + 1);
            }
        }
        let headers = answer.shown_headers();
        let Answer { status, body: content, elapsed, .. } = answer;
        self.keep(Entry { key: target.key.clone(), status, headers, content, elapsed })
    }

    fn miss(&mut self, target: &Target, fault: &Fault) {
        let tries = if fault.is_passing() { TRIES } else { 1 };
        let path = target.key.clone();
        self.story.failures.push(Failure { path, cause: fault.word(), status: None, tries });
    }

    /// Writes an entry, or holds it until everything is learned.
    fn keep(&mut self, mut entry: Entry) -> Result<(), RecordError> {
        if self.redaction.is_immediate() {
            return self.write(entry);
        }
        self.redaction.learn(&entry.content);
        self.redaction.learn_text(&entry.key);
        entry.headers.iter().for_each(|(_, value)| self.redaction.learn_text(value));
        let document = match &mut entry.content {
            Content::Json(document) => Some(document.take().to_string()),
            _ => None,
        };
        self.held.push(Held { entry, document });
        Ok(())
    }

    fn write(&mut self, mut entry: Entry) -> Result<(), RecordError> {
        self.redaction.clean(&mut entry.content);
        let (endpoint, redaction) = (self.endpoint, &self.redaction);
        let is_session =
            |link: &str| matches!(lead(link, endpoint), Ok(Lead::To(it)) if redaction.is_session(&it.key));
        entry.headers.retain(|(_, value)| !is_session(value));
        entry.headers.iter_mut().for_each(|(_, value)| *value = self.redaction.text(value));
        entry.key = self.redaction.text(&entry.key);
        match self.tree.keep(&entry)? {
            Kept::Plain => {}
            Kept::Renamed(folder) => {
                self.story.renamed.insert(folder, entry.key);
            }
            Kept::Nowhere => {
                self.recorded -= usize::from(entry.is_resource());
                let (path, status) = (entry.key, Some(entry.status));
                self.story.failures.push(Failure { path, cause: "no-folder", status, tries: 1 });
            }
        }
        Ok(())
    }
}
