// The same module for backends that are ES modules.
import module from './index.cjs';

export default module.default;
