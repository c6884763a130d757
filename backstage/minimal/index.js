// The smallest backend in which the template runs: a catalog, the scaffolder, and the actions of provision-env.
import { createBackend } from '@backstage/backend-defaults';

const backend = createBackend();
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'));
backend.add(import('@backstage/plugin-scaffolder-backend'));
backend.add(import('@provision-env/backstage-scaffolder-module'));
backend.start();
