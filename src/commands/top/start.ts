/** Runs `runTop`, which see. Ink is a module that awaits: in a build it is read from here, since nothing can `require` it. */
export async function startTop(configPath: string): Promise<void> {
  const { runTop } = await import("./run.tsx");
  await runTop(configPath);
}
