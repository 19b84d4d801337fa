// Proof for the pure core: whatever happens to a login, its user, its host and its watchdog, the promises told in support/referee.ts
// are kept. fast-check prints the seed and the shortest story that breaks one.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createReferee } from "../../support/referee.ts";
import { long, stormy } from "../../support/stories.ts";
import { guardLogin } from "../../support/virtual-guard.ts";
import { type Story, startHost } from "../../support/virtual-host.ts";

const HOUR_MS = 3_600_000;
/** The same stories each time, so that a red test is about the change that was made; others with PROOF_SEED=random or a number. */
const { PROOF_SEED = "9" } = process.env;
const seed = PROOF_SEED === "random" ? {} : { seed: Number(PROOF_SEED) };
/** In CPU half a minute; a busy machine may take its time. */
const PATIENCE_MS = 600_000;

/** Plays a story; throws when a promise was broken. Returns how long the login lived, and how many endings there were. */
async function play(story: Story): Promise<{ hours: number; endings: number }> {
  const referee = createReferee(story);
  const host = startHost(story, (happening, kernelNoted) => referee.happened(happening, host, kernelNoted));
  await guardLogin(story, host, { looked: (look) => referee.looked(look, host), saved: referee.saved });
  const livedMs = Math.min(host.runMs(), story.untilMs);
  referee.mustNotBeOverdue(host, livedMs);
  return { hours: livedMs / HOUR_MS, endings: referee.endings() };
}

async function playAll(stories: fc.Arbitrary<Story>, numRuns: number) {
  const sum = { hours: 0, endings: 0 };
  const property = fc.asyncProperty(stories, async (story) => {
    const { hours, endings } = await play(story);
    sum.hours += hours;
    sum.endings += endings;
  });
  await fc.assert(property, { numRuns, ...seed });
  return sum;
}

test("with everything that can happen at once, nothing ends early, late or unwarned", {
  timeout: PATIENCE_MS,
}, async () => {
  expect((await playAll(stormy, 1_500)).endings).toBeGreaterThan(500);
});

test("in a million hours of logins that last for weeks, nothing ends early, late or unwarned", {
  timeout: PATIENCE_MS,
}, async () => {
  const { hours, endings } = await playAll(long, 1_200);
  expect(hours).toBeGreaterThanOrEqual(1_000_000);
  expect(endings).toBeGreaterThan(300);
});
