// Must live, and must end on time: logins whose connection is used beside their terminals, and those that only look like it.
import { connectionCases } from "../support/run-connections.ts";

connectionCases({ limitS: 24, noticeS: 10 });
