"""Basic roles, and predefined roles of identity, hierarchy, billing and services. Syntax: see the package.

https://cloud.google.com/iam/docs/roles-permissions, as of August 2026.
"""

from __future__ import annotations

ROLES = """
browser:
    resourcemanager.projects.get|getIamPolicy|list resourcemanager.folders.get|list
    resourcemanager.organizations.get
editor:
    *.* -iam.roles.create|delete|undelete|update
    -iam.serviceAccounts.getAccessToken|getOpenIdToken|implicitDelegation|setIamPolicy|signBlob|signJwt|undelete
    -iam.googleapis.com/workloadIdentityPools.create|delete|setAttestationRules|setIamPolicy|undelete|update
    -iam.googleapis.com/workloadIdentityPoolProviders.create|delete|undelete|update
    -iam.googleapis.com/workloadIdentityPoolProviderKeys.create|delete|undelete -iam.operations.get
    -resourcemanager.projects.create|createBillingAssignment|delete|deleteBillingAssignment|setIamPolicy|undelete
    -resourcemanager.folders.* -resourcemanager.organizations.* -billing.accounts.* -billing.budgets.*
    -billing.resourceAssociations.*
    -storage.buckets.enableObjectRetention|get|getIamPolicy|restore|setIamPolicy|update -storage.objects.*
    -storage.managedFolders.* -storage.multipartUploads.* -storage.anywhereCaches.* -storage.bucketOperations.*
    -artifactregistry.repositories.setIamPolicy -run.services.setIamPolicy -run.jobs.setIamPolicy
    -secretmanager.secrets.setIamPolicy -secretmanager.versions.access
    -monitoring.notificationChannels.getVerificationCode -pubsub.topics.getIamPolicy|setIamPolicy
    -pubsub.subscriptions.getIamPolicy|setIamPolicy -pubsub.snapshots.getIamPolicy|setIamPolicy
    -pubsub.schemas.setIamPolicy -logging.buckets.create|delete|undelete|update
    -logging.exclusions.create|delete|update -logging.sinks.create|delete|update
    -logging.views.access|setIamPolicy -logging.privateLogEntries.list
    -cloudkms.keyRings.setIamPolicy -cloudkms.cryptoKeys.setIamPolicy
    -cloudkms.cryptoKeyVersions.destroy|restore|useToDecrypt|useToEncrypt|useToSign|useToVerify|viewPublicKey
owner:
    *.* -iam.serviceAccounts.getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt
    -resourcemanager.projects.create -resourcemanager.folders.* -resourcemanager.organizations.*
    -billing.accounts.* -billing.budgets.* -billing.resourceAssociations.*
    -storage.buckets.get|getIamPolicy|setIamPolicy|update -storage.objects.* -storage.managedFolders.*
    -storage.multipartUploads.* -storage.anywhereCaches.* -storage.bucketOperations.*
viewer:
    *.get|list|getIamPolicy iam.googleapis.com/workloadIdentityPools.getAttestationRules
    artifactregistry.repositories.downloadArtifacts|exportArtifacts|readViaVirtualRepository
    artifactregistry.files.download logging.logEntries.download logging.views.listLogs cloudtrace.tasks.create
    pubsub.snapshots.seek pubsub.schemas.attach|listRevisions|validate -logging.privateLogEntries.list
    cloudscheduler.jobs.fullView -iam.operations.get -resourcemanager.folders.get|getIamPolicy|list
    -resourcemanager.organizations.get|getIamPolicy -billing.accounts.get|getIamPolicy|list
    -billing.budgets.get|list -billing.resourceAssociations.list -storage.buckets.get|getIamPolicy
    -storage.objects.get|getIamPolicy|list -storage.managedFolders.get|getIamPolicy|list
    -storage.multipartUploads.list -storage.anywhereCaches.get|list -storage.bucketOperations.get|list
    -pubsub.topics.getIamPolicy -pubsub.subscriptions.getIamPolicy -pubsub.snapshots.getIamPolicy
billing.admin:
    resourcemanager.projects.createBillingAssignment|deleteBillingAssignment|get|list
    billing.accounts.get|getIamPolicy|getSpendingInformation|list|setIamPolicy|update billing.budgets.*
    billing.resourceAssociations.* logging.logEntries.list logging.logs.list logging.privateLogEntries.list
billing.costsManager:
    billing.accounts.get|getIamPolicy|getSpendingInformation|list billing.budgets.*
    billing.resourceAssociations.list
billing.creator: billing.accounts.create resourcemanager.organizations.get
billing.projectManager: resourcemanager.projects.createBillingAssignment|deleteBillingAssignment
billing.user: billing.accounts.get|getIamPolicy|list billing.resourceAssociations.create
billing.viewer:
    billing.accounts.get|getIamPolicy|getSpendingInformation|list billing.budgets.get|list
    billing.resourceAssociations.list
iam.organizationRoleAdmin:
    iam.roles.* resourcemanager.organizations.get|getIamPolicy resourcemanager.projects.get|getIamPolicy|list
iam.organizationRoleViewer:
    iam.roles.get|list resourcemanager.organizations.get|getIamPolicy
    resourcemanager.projects.get|getIamPolicy|list
iam.roleAdmin: iam.roles.* resourcemanager.projects.get|getIamPolicy
iam.roleViewer: iam.roles.get|list resourcemanager.projects.get|getIamPolicy
iam.securityAdmin: *.list|getIamPolicy|setIamPolicy iam.roles.get iam.serviceAccounts.get
iam.securityReviewer: *.list|getIamPolicy iam.roles.get iam.serviceAccounts.get
iam.serviceAccountAdmin:
    iam.serviceAccounts.create|delete|disable|enable|get|getIamPolicy|list|setIamPolicy|undelete|update
    resourcemanager.projects.get|list
iam.serviceAccountCreator: iam.serviceAccounts.create|get|list resourcemanager.projects.get|list
iam.serviceAccountDeleter: iam.serviceAccounts.delete|get|list resourcemanager.projects.get|list
iam.serviceAccountKeyAdmin: iam.serviceAccountKeys.* iam.serviceAccounts.get|list resourcemanager.projects.get|list
iam.serviceAccountOpenIdTokenCreator: iam.serviceAccounts.getOpenIdToken
iam.serviceAccountTokenCreator:
    iam.serviceAccounts.get|getAccessToken|getOpenIdToken|implicitDelegation|list|signBlob|signJwt
    resourcemanager.projects.get|list
iam.serviceAccountUser: iam.serviceAccounts.actAs|get|list resourcemanager.projects.get|list
iam.serviceAccountViewer:
    iam.serviceAccounts.get|getIamPolicy|list iam.serviceAccountKeys.get|list resourcemanager.projects.get|list
iam.workloadIdentityPoolAdmin:
    iam.googleapis.com/workloadIdentityPools.* iam.googleapis.com/workloadIdentityPoolProviders.*
    iam.googleapis.com/workloadIdentityPoolProviderKeys.* resourcemanager.projects.get|list
iam.workloadIdentityPoolViewer:
    iam.googleapis.com/workloadIdentityPools.get|getAttestationRules|getIamPolicy|list
    iam.googleapis.com/workloadIdentityPoolProviders.get|list
    iam.googleapis.com/workloadIdentityPoolProviderKeys.get|list resourcemanager.projects.get|list
iam.workloadIdentityUser: iam.serviceAccounts.get|getAccessToken|getOpenIdToken|list
resourcemanager.folderAdmin:
    resourcemanager.folders.* resourcemanager.projects.get|getIamPolicy|list|move|setIamPolicy
resourcemanager.folderCreator: resourcemanager.folders.create|get|list resourcemanager.projects.get|list
resourcemanager.folderIamAdmin: resourcemanager.folders.get|getIamPolicy|setIamPolicy
resourcemanager.folderViewer: resourcemanager.folders.get|list resourcemanager.projects.get|list
resourcemanager.organizationAdmin:
    resourcemanager.organizations.* resourcemanager.folders.get|getIamPolicy|list|setIamPolicy
    resourcemanager.projects.get|getIamPolicy|list|setIamPolicy
resourcemanager.organizationViewer: resourcemanager.organizations.get
resourcemanager.projectCreator: resourcemanager.projects.create resourcemanager.organizations.get
resourcemanager.projectDeleter: resourcemanager.projects.delete
resourcemanager.projectIamAdmin: resourcemanager.projects.get|getIamPolicy|setIamPolicy
resourcemanager.projectMover: resourcemanager.projects.get|list|move
serviceusage.serviceUsageAdmin:
    serviceusage.services.* serviceusage.operations.get serviceusage.quotas.* monitoring.timeSeries.list
serviceusage.serviceUsageConsumer:
    serviceusage.services.get|list|use serviceusage.operations.get serviceusage.quotas.get
    monitoring.timeSeries.list
serviceusage.serviceUsageViewer:
    serviceusage.services.get|list serviceusage.operations.get serviceusage.quotas.get monitoring.timeSeries.list
"""
