// Must live, and must end on time: as in connections.test.ts, with people's long pauses and a notice that stands for a minute.
import { connectionCases } from "../support/run-connections.ts";

connectionCases({ limitS: 180, noticeS: 60 });
