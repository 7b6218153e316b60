import type { TestProject } from 'vitest/node';
import { install } from './install.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The directory in which tsdaemon is installed beside the fixtures. */
    root: string;
  }
}

export default function setup(project: TestProject) {
  const { root, remove } = install();
  project.provide('root', root);
  return remove;
}
