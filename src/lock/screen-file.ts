// What a terminal answered before it was locked, in a file beside the record: whoever finds the locker gone can give the screen back with it.
import { readFileSync, rmSync } from "node:fs";
import * as v from "valibot";
import { makeFile } from "../system/make-file.ts";
import { ASKED_MODES, type ScreenState } from "./questions.ts";

const mode = v.picklist(["on", "off", "unknown"]);
const STATE = v.object({
  answers: v.boolean(),
  modes: v.object(Object.fromEntries(ASKED_MODES.map((it) => [it, mode]))),
});

const fileOf = (stateDirectory: string, number: number) => `${stateDirectory}/screen-${number}`;

/** Keeps the state of the screen of pts/N, before it is taken. Never throws: without it, the screen would only not be given back. */
export function keepScreenState(stateDirectory: string, number: number, state: ScreenState): void {
  try {
    removeScreenState(stateDirectory, number);
    makeFile(fileOf(stateDirectory, number), JSON.stringify(state), 0o600);
  } catch {
    // The directory is gone, or full.
  }
}

/** The state that was kept; `undefined` if there is none. The directory is root's own. */
export function keptScreenState(stateDirectory: string, number: number): ScreenState | undefined {
  try {
    return v.parse(STATE, JSON.parse(readFileSync(fileOf(stateDirectory, number), "utf8"))) as ScreenState;
  } catch {
    return undefined;
  }
}

export function removeScreenState(stateDirectory: string, number: number): void {
  rmSync(fileOf(stateDirectory, number), { force: true });
}
