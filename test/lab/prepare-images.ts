// Before the first test that starts a machine: makes what those of both stable releases start from. It takes a minute or two, once.
import { imageOf, stable, treeOf } from "./release.ts";

export default async function setup(): Promise<void> {
  // User Mode Linux is there for x86 only.
  await Promise.all(stable.map(process.arch === "x64" ? imageOf : treeOf));
}
