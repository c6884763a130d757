'use strict';
// The backend module: `backend.add(import('@provision-env/backstage-scaffolder-module'))`.
const { coreServices, createBackendModule } = require('@backstage/backend-plugin-api');
const { createTemplateAction, scaffolderActionsExtensionPoint } = require('@backstage/plugin-scaffolder-node');

const { actions } = require('./lib/actions.cjs');
const { settingsFrom } = require('./lib/settings.cjs');

const provisionEnv = createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'provision-env',
  register(env) {
    env.registerInit({
      deps: { config: coreServices.rootConfig, scaffolder: scaffolderActionsExtensionPoint },
      async init({ config, scaffolder }) {
        const settings = settingsFrom(config.getConfig('provisionEnv').get(), process.env);
        scaffolder.addActions(...actions(settings).map((action) => createTemplateAction(action)));
      },
    });
  },
});

Object.defineProperty(exports, '__esModule', { value: true });
exports.default = provisionEnv;
