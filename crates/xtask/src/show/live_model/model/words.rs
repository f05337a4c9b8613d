//! The words that the model and the server share: states, commands, refusals, as they are written.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $word] $variant,)+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )+};
}

words! {
    /// How far a request is.
    Status {
        Draft = "draft",
        Pending = "pending",
        Approved = "approved",
        AwaitingChildren = "awaitingChildren",
        AwaitingDependency = "awaitingDependency",
        Scheduled = "scheduled",
        Executing = "executing",
        Completed = "completed",
        PartiallyFailed = "partiallyFailed",
        Failed = "failed",
        Denied = "denied",
        Canceled = "canceled",
        Closed = "closed",
    }
    /// How far a task is.
    TaskState {
        Assigned = "assigned",
        Completed = "completed",
        Suspended = "suspended",
        Withdrawn = "withdrawn",
        Expired = "expired",
    }
    /// Whether a stage has enough people.
    Staffing {
        Enough = "enough",
        AdministratorsAdded = "administratorsAdded",
        NobodyEligible = "nobodyEligible",
    }
    /// Why something is refused.
    Reason {
        State = "state",
        NotAllowed = "notAllowed",
        Content = "content",
        Invalid = "invalid",
        NoTask = "noTask",
        NotFound = "notFound",
    }
    /// What is asked of a request.
    Kind {
        Submit = "submit",
        Edit = "edit",
        Approve = "approve",
        Reject = "reject",
        Claim = "claim",
        Release = "release",
        Reassign = "reassign",
        Delegate = "delegate",
        Escalate = "escalate",
        Suspend = "suspend",
        Resume = "resume",
        Save = "save",
        CreateSubtask = "createSubtask",
        Skip = "skip",
        Withdraw = "withdraw",
        Cancel = "cancel",
        Close = "close",
        Abandon = "abandon",
        Begin = "begin",
        Bind = "bind",
        Complete = "complete",
        Fail = "fail",
        Stumble = "stumble",
        Retry = "retry",
        Wake = "wake",
        DependencyEnded = "dependencyEnded",
        ChildrenEnded = "childrenEnded",
        Recount = "recount",
    }
}

impl Status {
    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::PartiallyFailed | Self::Failed | Self::Denied | Self::Canceled | Self::Closed
        )
    }

    /// Whether `kind` means something for a request that is so far (`docs/lifecycle.md`).
    pub const fn knows(self, kind: Kind) -> bool {
        match kind {
            Kind::Submit => matches!(self, Self::Draft),
            Kind::Edit | Kind::Withdraw => matches!(self, Self::Draft | Self::Pending),
            Kind::Cancel => matches!(self, Self::Pending | Self::Approved | Self::Executing),
            Kind::Close => !matches!(self, Self::Draft) && !self.is_final(),
            Kind::Abandon | Kind::Begin | Kind::Bind => matches!(self, Self::Approved | Self::Executing),
            Kind::Complete => matches!(self, Self::Approved | Self::Executing | Self::Completed),
            Kind::Fail | Kind::Stumble | Kind::Retry => matches!(self, Self::Executing),
            Kind::Wake => matches!(self, Self::Pending | Self::Scheduled),
            Kind::DependencyEnded => matches!(self, Self::AwaitingDependency),
            Kind::ChildrenEnded => matches!(self, Self::AwaitingChildren),
            _ => matches!(self, Self::Pending),
        }
    }
}
