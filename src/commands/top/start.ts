/** Runs `runTop`. A build loads Ink through this function, because Ink has a top-level await and `require` cannot load it. */
export async function startTop(configPath: string): Promise<void> {
  const { runTop } = await import("./run.tsx");
  await runTop(configPath);
}
