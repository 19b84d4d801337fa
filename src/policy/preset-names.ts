/** The standards that `config init` knows values for. */
export const PRESET_NAMES = ["pci-dss", "pci-dss-lock", "cis", "stig", "stig-lock"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];
