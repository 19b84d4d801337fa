// Before the first test that starts a lab: makes the trees of the releases, which takes longer than a test may. Where one cannot be
// made, the tests that need it say why.
import { releases, treeOf } from "./release.ts";

export default async function setup(): Promise<void> {
  await Promise.allSettled(releases.map(treeOf));
}
