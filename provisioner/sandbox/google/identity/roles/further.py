"""Further terms of the roles in the other tables, and roles of tags and policies. Syntax: see the package.

What is here is joined to what the other tables say of the same role: bindings of tags, the kinds of packages that
registries hold, and what the basic roles lack of them.
https://cloud.google.com/iam/docs/roles-permissions, as of August 2026.
"""

from __future__ import annotations

ROLES = """
artifactregistry.admin: artifactregistry.aptartifacts.create artifactregistry.attachments.create|delete|get|list
    artifactregistry.kfpartifacts.create artifactregistry.mavenartifacts.get|list
    artifactregistry.npmpackages.get|list artifactregistry.projectsettings.get|update
    artifactregistry.pythonpackages.get|list artifactregistry.rules.create|delete|get|list|update
    artifactregistry.yumartifacts.create
artifactregistry.createOnPushWriter: artifactregistry.aptartifacts.create
    artifactregistry.attachments.create|delete|get|list artifactregistry.kfpartifacts.create
    artifactregistry.mavenartifacts.get|list artifactregistry.npmpackages.get|list
    artifactregistry.projectsettings.get artifactregistry.pythonpackages.get|list
    artifactregistry.repositories.listEffectiveTags|listTagBindings artifactregistry.rules.get|list
    artifactregistry.yumartifacts.create
artifactregistry.reader: artifactregistry.attachments.get|list artifactregistry.mavenartifacts.get|list
    artifactregistry.npmpackages.get|list artifactregistry.projectsettings.get
    artifactregistry.pythonpackages.get|list artifactregistry.repositories.listEffectiveTags|listTagBindings
    artifactregistry.rules.get|list
artifactregistry.repoAdmin: artifactregistry.aptartifacts.create artifactregistry.attachments.create|delete|get|list
    artifactregistry.kfpartifacts.create artifactregistry.mavenartifacts.get|list
    artifactregistry.npmpackages.get|list artifactregistry.projectsettings.get
    artifactregistry.pythonpackages.get|list artifactregistry.repositories.listEffectiveTags|listTagBindings
    artifactregistry.rules.create|delete|get|list|update artifactregistry.yumartifacts.create
artifactregistry.writer: artifactregistry.aptartifacts.create artifactregistry.attachments.create|delete|get|list
    artifactregistry.kfpartifacts.create artifactregistry.mavenartifacts.get|list
    artifactregistry.npmpackages.get|list artifactregistry.projectsettings.get
    artifactregistry.pythonpackages.get|list artifactregistry.repositories.listEffectiveTags|listTagBindings
    artifactregistry.rules.get|list artifactregistry.yumartifacts.create
bigquery.admin: bigquery.datasets.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
bigquery.dataOwner: bigquery.datasets.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
editor: -orgpolicy.policy.set -orgpolicy.policies.create|delete|update
    -artifactregistry.repositories.createTagBinding|deleteTagBinding
    -bigquery.datasets.createTagBinding|deleteTagBinding -cloudkms.keyRings.createTagBinding|deleteTagBinding
    -pubsub.subscriptions.createTagBinding|deleteTagBinding -pubsub.topics.createTagBinding|deleteTagBinding
    -resourcemanager.projects.updateLiens -resourcemanager.tagKeys.setIamPolicy
    -resourcemanager.tagValues.setIamPolicy -run.jobs.createTagBinding|deleteTagBinding
    -run.services.createTagBinding|deleteTagBinding -secretmanager.secrets.createTagBinding|deleteTagBinding
    -storage.buckets.createTagBinding|deleteTagBinding
iam.securityAdmin: resourcemanager.hierarchyNodes.listTagBindings
iam.securityReviewer: resourcemanager.hierarchyNodes.listTagBindings
pubsub.editor: pubsub.subscriptions.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    pubsub.topics.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
pubsub.viewer: pubsub.subscriptions.listEffectiveTags|listTagBindings pubsub.topics.listEffectiveTags|listTagBindings
run.developer: run.jobs.listEffectiveTags|listTagBindings run.services.listEffectiveTags|listTagBindings
run.sourceDeveloper: artifactregistry.attachments.get|list artifactregistry.mavenartifacts.get|list
    artifactregistry.npmpackages.get|list artifactregistry.projectsettings.get
    artifactregistry.pythonpackages.get|list artifactregistry.repositories.listEffectiveTags|listTagBindings
    artifactregistry.rules.get|list
    pubsub.subscriptions.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    pubsub.topics.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    run.jobs.listEffectiveTags|listTagBindings run.services.listEffectiveTags|listTagBindings
run.viewer: run.jobs.listEffectiveTags|listTagBindings run.services.listEffectiveTags|listTagBindings
secretmanager.viewer: secretmanager.secrets.listEffectiveTags|listTagBindings
storage.admin: resourcemanager.hierarchyNodes.listEffectiveTags
viewer: artifactregistry.repositories.listEffectiveTags|listTagBindings
    bigquery.datasets.listEffectiveTags|listTagBindings cloudkms.keyRings.listEffectiveTags|listTagBindings
    pubsub.subscriptions.listEffectiveTags|listTagBindings pubsub.topics.listEffectiveTags|listTagBindings
    resourcemanager.hierarchyNodes.listEffectiveTags|listTagBindings run.jobs.listEffectiveTags|listTagBindings
    run.services.listEffectiveTags|listTagBindings secretmanager.secrets.listEffectiveTags|listTagBindings
    storage.buckets.listEffectiveTags|listTagBindings
owner: -orgpolicy.policy.set -orgpolicy.policies.create|delete|update
orgpolicy.policyAdmin: orgpolicy.policy.get|set orgpolicy.policies.create|delete|list|update orgpolicy.constraints.list
orgpolicy.policyViewer: orgpolicy.policy.get orgpolicy.policies.list orgpolicy.constraints.list
resourcemanager.lienModifier: resourcemanager.projects.updateLiens
resourcemanager.tagAdmin:
    resourcemanager.tagKeys.* resourcemanager.tagValues.* resourcemanager.tagHolds.list
    resourcemanager.projects.get|list resourcemanager.organizations.get
resourcemanager.tagHoldAdmin: resourcemanager.tagHolds.create|delete|list
resourcemanager.tagUser:
    resourcemanager.tagKeys.get|list resourcemanager.tagValues.get|list resourcemanager.tagValueBindings.create|delete
    resourcemanager.hierarchyNodes.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    storage.buckets.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    run.services.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    artifactregistry.repositories.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    secretmanager.secrets.createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings
    resourcemanager.projects.get|list
resourcemanager.tagViewer:
    resourcemanager.tagKeys.get|list resourcemanager.tagValues.get|list
    resourcemanager.hierarchyNodes.listEffectiveTags|listTagBindings storage.buckets.listEffectiveTags|listTagBindings
    run.services.listEffectiveTags|listTagBindings artifactregistry.repositories.listEffectiveTags|listTagBindings
    secretmanager.secrets.listEffectiveTags|listTagBindings resourcemanager.projects.get|list
"""
