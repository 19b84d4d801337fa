// Tests of what only root can do: they are skipped for everybody else.
import { describe, test } from "vitest";

const isRoot = process.getuid?.() === 0;

/** A test that needs root. */
export const testAsRoot = test.skipIf(!isRoot);
/** Tests that need root. */
export const describeAsRoot = describe.skipIf(!isRoot);
