/** The standards that `config init` knows values for. */
export const PRESET_NAMES = ["pci-dss", "cis", "stig"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];
