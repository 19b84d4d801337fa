// Asks PAM whether somebody is a user of this host. Started by a locker for each attempt; see src/lock/conversation.ts.
