import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { packageRoot } from './paths.js';

/**
 * How this copy of vecproof came here, on which the commands depend that add something to it: a checkout (or any
 * folder of its own), a dependency of a project, or npm's folder of global packages.
 */
export type Installation = 'checkout' | 'dependency' | 'global';

export function installationOf(root: string = packageRoot): Installation {
  if (basename(dirname(root)) !== 'node_modules') return 'checkout';
  return existsSync(join(dirname(dirname(root)), 'package.json')) ? 'dependency' : 'global';
}

/**
 * The command that installs optional packages in the versions this project was tested with. In a checkout plain
 * `npm install` does, and names of packages that the lock file holds already do nothing there.
 */
export function installCommand(names: readonly string[], root: string = packageRoot): string {
  const { version, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as { version: string; optionalDependencies?: Record<string, string> };
  const own = installationOf(root);
  if (own === 'global') return `npm install --global vecproof@${version}`;
  const wanted = names.filter((name) => own === 'dependency' || optionalDependencies[name] === undefined);
  const versioned = wanted.map((name) => {
    const pinned = optionalDependencies[name];
    return pinned === undefined ? name : `${name}@${pinned}`;
  });
  return ['npm install', ...versioned].join(' ');
}

/** The version of an optional package that is not installed with the others, as it was tested. */
export function peerVersion(name: string, root: string = packageRoot): string {
  const { peerDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    peerDependencies?: Record<string, string>;
  };
  const version = peerDependencies[name];
  if (version === undefined) throw new Error(`${name} is no package that this one works with`);
  return version;
}

/** The command that installs packages that come with none of ours, in the versions that ours was tested with. */
export function testedInstallCommand(names: readonly string[], root: string = packageRoot): string {
  const { devDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies?: Record<string, string>;
  };
  return ['npm install', ...names.map((name) => `${name}@${devDependencies[name]}`)].join(' ');
}

/** The command that compiles a package again, with all instructions that this machine's processor has. */
export function nativeRebuildCommand(name: string, root: string = packageRoot): string {
  return `CXXFLAGS="-march=native -O3" ${rebuildCommand([name], root)}`;
}

/** The command that compiles packages again, or downloads what is compiled already. */
export function rebuildCommand(names: readonly string[], root: string = packageRoot): string {
  const where = installationOf(root) === 'global' ? ' --global' : '';
  return `npm rebuild${where} ${names.join(' ')}`;
}
